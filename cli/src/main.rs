//! The `zepto` command.
fn main() {}
