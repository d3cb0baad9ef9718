//! Can this function ever reach the allocator? Bytes of a linked binary in, proofs out.
