//! What the ear makes of streams that are right, and of those that are not.
