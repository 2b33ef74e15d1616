//! Does the demo end in its table?

use crate::support::Zepto;

#[test]
fn the_demo_ends_in_a_table_of_what_it_measured() {
    let demo = Zepto::run(&["demo"], "");
    assert_eq!((demo.status, demo.stderr), (0, vec![]), "{:?}", demo.stdout);
    for pattern in ["PUSH > 4 workers > PULL", "PUB > 5 SUB, filtered", "REQ > REP", "DEALER > ROUTER"] {
        let row = demo.stdout.iter().find(|line| line.starts_with(pattern));
        let row = row.unwrap_or_else(|| panic!("{pattern} is not in {:?}", demo.stdout));
        let count = row.split("  ").map(str::trim).filter(|word| !word.is_empty()).nth(1).unwrap();
        assert!(count.replace(',', "").parse::<u64>().unwrap() > 0, "{row}");
    }
    for sentence in [
        "Pipeline: all ",
        "  synchronous    T_sync  = T_call + T_response ",
        "  asynchronous   T_async = T_send + T_handle ",
    ] {
        assert!(demo.stdout.iter().any(|line| line.starts_with(sentence)), "{sentence}: {:?}", demo.stdout);
    }
}
