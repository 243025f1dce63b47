//! Subject: somebody else's program that we start, watch and stop. What it is made to do, and what is thought of it, is
//! for the rooms above.
