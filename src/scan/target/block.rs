//! Block: addresses that people write as one word: one, a CIDR block.
