use super::*;
use pki::test_ca::ListEntry;

/// The whole way of a large list: from the wire into the store, into memory, to a verdict.
#[tokio::test]
async fn a_large_list_is_fetched_once_and_answers_at_once() {
    // A million takes seven seconds without optimisation; that many are measured by hand.
    let entries: u32 = std::env::var("IDP_LIST_ENTRIES").map_or(50_000, |n| n.parse().unwrap());
    let scene = Scene::listed().await;
    let mut template = ListTemplate::at(moment());
    template.entries = (0..entries)
        .map(|n| ListEntry::new(&[&[0x31; 12][..], &n.to_be_bytes()].concat(), moment()))
        .collect();
    let list = scene.between.list(&template);
    let length = list.len();
    scene.server.give(list);
    let mut verdict = scene.judge(NOW).await;
    // Nobody waits longer than five seconds, but the list arrives all the same.
    for _ in 0..60 {
        if verdict.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        verdict = scene.known(&scene.status, NOW).await;
    }
    assert_eq!(verdict, Ok(false));
    let other = scene.other_node();
    assert_eq!(scene.known(&other, NOW).await, Ok(false));
    assert_eq!(scene.server.asked(), 1);

    let begun = std::time::Instant::now();
    for _ in 0..20 {
        assert_eq!(scene.known(&scene.status, NOW).await, Ok(false));
    }
    let each = begun.elapsed() / 20;
    println!("{entries} entries, {length} octets: {each:?} for a verdict");
    assert!(each < Duration::from_millis(100), "{each:?}");
}
