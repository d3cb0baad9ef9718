//! The words, for evidence made by hand; the real run is in `tests/constructs`.
