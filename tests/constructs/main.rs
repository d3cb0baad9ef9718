//! The fixture `tests/fixtures/constructs`, checked as a user would check it: every finding of every hot function
//! against a table of what the report must say of it.
