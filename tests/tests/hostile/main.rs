//! Functions that mean harm. Meanwhile a function of another space is called at a steady pace, and
//! must be answered in time throughout.

mod computing;
mod flood;
mod load;
mod memory;
mod outbound;
mod packages;
mod spaces;
mod stage;
mod values;

/// The code of a function's own error.
const THREW: &str = "FunctionBizError";
/// The code of a call that took more than it may.
const EXHAUSTED: &str = "FunctionResourceExhausted";
