//! Does a whole conversation hold when frames are sealed and grow by that?
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "what fails here is a test")]

mod boxed {
    use zeptomq_tests::boxed::TestBox;

    mod fixed;
    mod tokio;

    const SECRET: u64 = 0x0123_4567_89ab_cdef;
    const CLIENT: TestBox = TestBox::client(SECRET);
    const SERVER: TestBox = TestBox::server(SECRET);
}
