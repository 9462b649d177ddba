//! What others signed about the status of certificates.

use super::sample;
use crate::base::secret::Digest;
use crate::model::certificate_status::{KeptStatus, StatusKind, StatusStamp};
use crate::store::records::Records;

fn kept(key: &[u8], kind: StatusKind, made: i64) -> KeptStatus {
    KeptStatus {
        key: Digest::of(key),
        kind,
        issuer: Digest::of(b"issuer"),
        address: "http://crl.ca.example/a.crl".to_owned(),
        fetched_at: sample::at(made + 5),
        this_update: sample::at(made),
        until: sample::at(made + 100),
        body: key.to_vec(),
    }
}

fn stamp(of: &KeptStatus) -> StatusStamp {
    StatusStamp {
        key: of.key,
        address: of.address.clone(),
        fetched_at: of.fetched_at,
        this_update: of.this_update,
        until: of.until,
    }
}

pub(super) async fn lists_and_answers_are_kept_whole(records: &impl Records) {
    let list = KeptStatus {
        // Every octet there is, more than any text or page holds.
        body: (0..=255).cycle().take(3_000_000).collect(),
        ..kept(b"list", StatusKind::List, 10)
    };
    let answer = kept(b"answer", StatusKind::Answer, 10);
    let other = KeptStatus {
        issuer: Digest::of(b"another"),
        address: String::new(),
        ..kept(b"other", StatusKind::List, 10)
    };
    for one in [&list, &answer, &other] {
        assert!(records.keep_status(one.clone()).await.unwrap());
    }
    for one in [&list, &answer, &other] {
        let found = records.kept_status(&one.key).await.unwrap().unwrap();
        assert!(found == *one, "{found:?}");
    }
    let none = records.kept_status(&Digest::of(b"none")).await.unwrap();
    assert!(none.is_none());
    for (issuer, expected) in [
        (list.issuer, vec![stamp(&list)]),
        (other.issuer, vec![stamp(&other)]),
        (Digest::of(b"nobody"), vec![]),
    ] {
        assert_eq!(records.kept_lists(&issuer).await.unwrap(), expected);
    }
}

pub(super) async fn nothing_made_earlier_replaces_what_is_kept(records: &impl Records) {
    let of = |made, body: &[u8]| KeptStatus {
        body: body.to_vec(),
        ..kept(b"list", StatusKind::List, made)
    };
    for (made, body, expected) in [
        (10, b"first".as_slice(), true),
        (20, b"second", true),
        (19, b"earlier", false),
        (20, b"again", true),
    ] {
        let is_kept = records.keep_status(of(made, body)).await.unwrap();
        assert_eq!(is_kept, expected, "{made}");
    }
    let found = records.kept_status(&of(0, b"").key).await.unwrap().unwrap();
    assert_eq!(
        (found.body.as_slice(), found.this_update),
        (b"again".as_slice(), sample::at(20))
    );
}

pub(super) async fn what_was_to_be_renewed_long_ago_goes(records: &impl Records) {
    for (key, made) in [(b"a", 10), (b"b", 20), (b"c", 30)] {
        let one = kept(key, StatusKind::Answer, made);
        assert!(records.keep_status(one).await.unwrap());
    }
    assert_eq!(records.clean(sample::at(125), 1).await.unwrap(), 1);
    assert_eq!(records.clean(sample::at(125), 9).await.unwrap(), 1);
    assert_eq!(records.clean(sample::at(125), 9).await.unwrap(), 0);
    let left = records.kept_status(&Digest::of(b"c")).await.unwrap();
    assert!(left.is_some());
}
