//! Pictures that no client shows any more.

use std::collections::BTreeSet;

use super::World;
use crate::admin::client::logo::setting;
use crate::base::secret::Digest;

#[tokio::test]
async fn a_picture_goes_at_the_second_look_that_finds_it_unused() {
    let world = World::new().await;
    let provider = &world.provider;
    let [old, new] = ["old", "new"].map(|text| Digest::of(text.as_bytes()));
    for picture in [old, new] {
        let name = setting(picture);
        provider
            .records
            .set_setting(&name, "picture")
            .await
            .unwrap();
    }
    world.edit_client(|client| client.logo = Some(old)).await;
    let none = BTreeSet::new();
    let first = provider.forget_unused_logos(&none).await.unwrap();
    assert_eq!(first, BTreeSet::from([setting(new)]));
    // The client that it was kept for is written; another's picture is left behind.
    world.edit_client(|client| client.logo = Some(new)).await;
    let second = provider.forget_unused_logos(&first).await.unwrap();
    assert_eq!(second, BTreeSet::from([setting(old)]));
    let kept = async |picture| {
        let found = provider.records.setting(&setting(picture)).await;
        found.unwrap().is_some()
    };
    assert!(kept(old).await && kept(new).await);
    let third = provider.forget_unused_logos(&second).await.unwrap();
    assert!(third.is_empty());
    assert!(!kept(old).await && kept(new).await);
}
