//! What does the demo node need from a board, and how does QEMU's lm3s6965evb provide it?
//!
//! | module | answers |
//! |---|---|
//! | `alarm` | what ends a sleep in time |
//! | `board` | how is the board brought up, and how does it wait |
//! | `clock` | what time is it |
//! | `console` | what does the node tell the person who watches |
//! | `entropy` | where does chance come from |
//! | `ethernet`, `fifo` | how do frames come and go |
//! | `fault` | what happens when the node cannot go on |
//! | `interrupts` | which devices interrupt, and what comes of it |
//! | `node` | how does the node live on this board |
//! | `registers` | which devices are used, and where |
//! | `stack` | how deep has the stack been |
//!
//! All memory is in the statics of `main`: what the image's sections say is what the node takes. The stack has the rest.
#![cfg_attr(not(test), no_std, no_main)]

mod entropy;
mod fifo;

#[cfg(not(test))]
mod alarm;
#[cfg(not(test))]
mod board;
#[cfg(not(test))]
mod clock;
#[cfg(not(test))]
mod console;
#[cfg(not(test))]
mod ethernet;
#[cfg(not(test))]
mod fault;
#[cfg(not(test))]
mod interrupts;
#[cfg(not(test))]
mod node;
#[cfg(not(test))]
mod registers;
#[cfg(not(test))]
mod stack;
