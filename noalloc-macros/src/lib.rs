//! The attributes of `no_heap`: parse, check, expand.
