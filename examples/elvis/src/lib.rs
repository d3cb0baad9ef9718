//! Replaces `elvis` by `Elvis` in a stream of bytes, four times over.
