//! Accounts: identity, versions, search, pages.

use super::{commit, refusal, sample};
use crate::model::identifier::{IdentifierKey, IdentifierKind};
use crate::model::role::RoleName;
use crate::model::user::{AccountKind, AccountState, ExternalIdentity, Position, RoleGrant, User};
use crate::model::{UserId, Version};
use crate::store::change::{Change, Write};
use crate::store::page::PageRequest;
use crate::store::records::{Records, UserFilter};

fn put(user: &User) -> Vec<Change> {
    vec![Change::User(Write::Put(user.clone()))]
}

async fn read(records: &impl Records, id: UserId) -> User {
    records.user(id).await.unwrap().unwrap()
}

async fn holder(records: &impl Records, text: &str) -> Option<UserId> {
    let found = records.user_by_identifier(&IdentifierKey::of(text)).await;
    found.unwrap().map(|(user, _)| user.id)
}

async fn owner(records: &impl Records, text: &str) -> Option<UserId> {
    let owner = records.identifier_owner(&IdentifierKey::of(text)).await;
    owner.unwrap()
}

pub(super) async fn identifiers_are_unique_for_ever(records: &impl Records) {
    let (an, binh) = (
        sample::user(1, "Lê An", "an"),
        sample::user(2, "Trần Bình", "binh"),
    );
    commit(records, put(&an)).await.unwrap();
    commit(records, put(&binh)).await.unwrap();
    assert_eq!(holder(records, "AN").await, Some(an.id));
    assert_eq!(owner(records, "AN").await, Some(an.id));
    assert_eq!(owner(records, "chi").await, None);

    let mut thief = sample::user(3, "Người khác", "an");
    let result = commit(records, put(&thief)).await;
    assert_eq!(refusal(result), "taken identifier");
    assert_eq!(records.user(thief.id).await.unwrap(), None);

    // Released: nobody is found, nobody else may have it, its own user may take it back.
    let mut an = read(records, an.id).await;
    an.identifiers[0].released_at = Some(sample::at(5));
    let mail = sample::identifier(IdentifierKind::Mail, "An@tinh.example");
    an.identifiers.push(mail);
    commit(records, put(&an)).await.unwrap();
    assert_eq!(holder(records, "an").await, None);
    assert_eq!(owner(records, "an").await, Some(an.id));
    assert_eq!(holder(records, "an@TINH.example").await, Some(an.id));
    let result = commit(records, put(&thief)).await;
    assert_eq!(refusal(result), "taken identifier");

    // Dropped from the account altogether: still reserved.
    let mut an = read(records, an.id).await;
    an.identifiers.clear();
    commit(records, put(&an)).await.unwrap();
    assert_eq!(holder(records, "an@tinh.example").await, None);
    thief.identifiers = vec![sample::identifier(IdentifierKind::UserName, "an")];
    assert_eq!(
        refusal(commit(records, put(&thief)).await),
        "taken identifier"
    );
    let mut an = read(records, an.id).await;
    an.identifiers = vec![sample::identifier(IdentifierKind::UserName, "an")];
    commit(records, put(&an)).await.unwrap();
    assert_eq!(holder(records, "an").await, Some(an.id));

    // Removed with its account: still reserved.
    let an = read(records, an.id).await;
    let removal = vec![Change::User(Write::Remove(an.clone()))];
    commit(records, removal).await.unwrap();
    assert_eq!(holder(records, "an").await, None);
    assert_eq!(owner(records, "an").await, Some(an.id));
    assert_eq!(
        refusal(commit(records, put(&thief)).await),
        "taken identifier"
    );

    families_share_a_number(records).await;
    linked_identities_are_unique(records).await;
}

async fn families_share_a_number(records: &impl Records) {
    let mobile = sample::identifier(IdentifierKind::Mobile, "+84912345678");
    for (number, name) in [(7, "bay"), (8, "tam")] {
        let mut user = sample::user(number, "Y Niê", name);
        user.identifiers.push(mobile.clone());
        commit(records, put(&user)).await.unwrap();
    }
}

async fn linked_identities_are_unique(records: &impl Records) {
    let linked = |number, name| {
        let mut user = sample::user(number, "Hoàng Liên", name);
        user.external_identities = vec![ExternalIdentity {
            source: "directory".to_owned(),
            external_id: "7f3a".to_owned(),
            linked_at: sample::at(1),
        }];
        user
    };
    commit(records, put(&linked(20, "lien1"))).await.unwrap();
    let result = commit(records, put(&linked(21, "lien2"))).await;
    assert_eq!(refusal(result), "taken external_identity");
    let mut first = read(records, sample::id(20)).await;
    commit(records, put(&first)).await.unwrap();
    first = read(records, sample::id(20)).await;
    first.external_identities.clear();
    commit(records, put(&first)).await.unwrap();
    commit(records, put(&linked(21, "lien2"))).await.unwrap();
}

pub(super) async fn versions_are_checked(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    commit(records, put(&an)).await.unwrap();
    let stored = read(records, an.id).await;
    assert_eq!(stored.version, Version(1));
    assert_eq!(
        User {
            version: Version::NEW,
            ..stored.clone()
        },
        an
    );

    let again = sample::user(1, "Lê An", "an.khac");
    assert_eq!(refusal(commit(records, put(&again)).await), "changed user");
    assert_eq!(holder(records, "an.khac").await, None);

    let mut renamed = stored.clone();
    renamed.name = "Lê Thị An".to_owned();
    commit(records, put(&renamed)).await.unwrap();
    assert_eq!(refusal(commit(records, put(&stored)).await), "changed user");
    let removal = |user: &User| vec![Change::User(Write::Remove(user.clone()))];
    assert_eq!(
        refusal(commit(records, removal(&stored)).await),
        "changed user"
    );
    assert_eq!(refusal(commit(records, removal(&an)).await), "changed user");
    let now = read(records, an.id).await;
    assert_eq!((now.version, now.name.as_str()), (Version(2), "Lê Thị An"));
    commit(records, removal(&now)).await.unwrap();
    assert_eq!(records.user(an.id).await.unwrap(), None);
    assert_eq!(refusal(commit(records, put(&now)).await), "changed user");
}

async fn found(records: &impl Records, text: &str) -> Vec<String> {
    let filter = UserFilter {
        text: Some(text.to_owned()),
        ..UserFilter::default()
    };
    names(records, &filter).await
}

async fn names(records: &impl Records, filter: &UserFilter) -> Vec<String> {
    let page = records
        .users(filter, &PageRequest::first(500))
        .await
        .unwrap();
    assert_eq!(page.next, None);
    page.entries.into_iter().map(|user| user.name).collect()
}

pub(super) async fn search_finds_without_marks(records: &impl Records) {
    let mut anh = sample::user(1, "Đặng Thị Ngọc Ánh", "anh.dt");
    anh.identifiers.push(sample::identifier(
        IdentifierKind::PersonalId,
        "001085000001",
    ));
    commit(records, put(&anh)).await.unwrap();
    let others = [
        (2, "Nguyễn Văn Bình", "binh.nv"),
        (3, "Lê Ngọc An", "an.ln"),
    ];
    for (number, name, user_name) in others {
        commit(records, put(&sample::user(number, name, user_name)))
            .await
            .unwrap();
    }
    // By given name, as Vietnamese lists are.
    let everyone = ["Lê Ngọc An", "Đặng Thị Ngọc Ánh", "Nguyễn Văn Bình"];
    assert_eq!(found(records, "").await, everyone);
    assert_eq!(found(records, "ng").await, everyone);
    assert_eq!(found(records, "NGỌC").await, everyone[..2]);
    assert_eq!(found(records, " dang  anh ").await, everyone[1..2]);
    assert_eq!(found(records, "ngoc an").await, everyone[..2]);
    assert_eq!(found(records, "00108").await, everyone[1..2]);
    assert_eq!(found(records, "binh.nv").await, everyone[2..]);
    for nothing in ["goc", "ngoc binh", "%", "_nh", "'"] {
        assert!(found(records, nothing).await.is_empty(), "{nothing}");
    }
    // What an account is no longer called finds it no more.
    let mut stored = read(records, anh.id).await;
    stored.name = "Đặng Thị Hoa".to_owned();
    stored.identifiers[1].released_at = Some(sample::at(9));
    commit(records, put(&stored)).await.unwrap();
    assert!(found(records, "dang ngoc").await.is_empty());
    assert!(found(records, "001085").await.is_empty());
    assert_eq!(found(records, "hoa").await, ["Đặng Thị Hoa"]);
}

/// Eight people in two units: the first four officers, number 2 a service, number 6 disabled.
fn somebody(number: u128, officer: &RoleName) -> User {
    let mut user = sample::user(number, &format!("Lê Văn {number}"), &format!("u{number}"));
    user.positions = vec![Position {
        id: sample::id(number),
        unit: sample::id(100 + number % 2),
        title: "Chuyên viên".to_owned(),
        main: true,
        from: sample::at(1),
        until: None,
    }];
    if number < 4 {
        let (role, from) = (officer.clone(), sample::at(1));
        user.roles = vec![RoleGrant {
            role,
            unit: None,
            from,
            until: None,
        }];
    }
    if number == 2 {
        user.kind = AccountKind::Service;
    }
    if number == 6 {
        user.state = AccountState::Disabled {
            at: sample::at(2),
            why: "left".to_owned(),
        };
    }
    user
}

pub(super) async fn filters_hold_together(records: &impl Records) {
    let officer = RoleName::new("officer").unwrap();
    for number in 0..8_u128 {
        commit(records, put(&somebody(number, &officer)))
            .await
            .unwrap();
    }
    let all = UserFilter::default();
    let even = UserFilter {
        units: Some(vec![sample::id(100)]),
        ..all.clone()
    };
    let officers = UserFilter {
        role: Some(officer),
        ..even.clone()
    };
    let people = UserFilter {
        kind: Some(AccountKind::Official),
        ..officers.clone()
    };
    let word = UserFilter {
        text: Some("van 2".to_owned()),
        ..officers.clone()
    };
    let active = UserFilter {
        active: Some(true),
        ..even.clone()
    };
    let left = UserFilter {
        active: Some(false),
        ..all.clone()
    };
    let both = UserFilter {
        units: Some(vec![sample::id(100), sample::id(101)]),
        ..all.clone()
    };
    let nowhere = UserFilter {
        units: Some(Vec::new()),
        ..all
    };
    let expected: [(&UserFilter, &[u32]); 8] = [
        (&even, &[0, 2, 4, 6]),
        (&officers, &[0, 2]),
        (&people, &[0]),
        (&word, &[2]),
        (&active, &[0, 2, 4]),
        (&left, &[6]),
        (&both, &[0, 1, 2, 3, 4, 5, 6, 7]),
        (&nowhere, &[]),
    ];
    for (filter, numbers) in expected {
        let expected: Vec<_> = numbers.iter().map(|n| format!("Lê Văn {n}")).collect();
        assert_eq!(names(records, filter).await, expected, "{filter:?}");
    }
}

/// A link waits to be followed; a password, a certificate and an identity elsewhere are one's own.
pub(super) async fn accounts_never_activated_are_told_apart(records: &impl Records) {
    let mut linked = sample::user(3, "Lê Văn 3", "u3");
    linked.external_identities = vec![ExternalIdentity {
        source: "directory".to_owned(),
        external_id: "9c2e".to_owned(),
        linked_at: sample::at(1),
    }];
    let mut users: Vec<_> = (0..3_u128)
        .map(|n| sample::user(n, &format!("Lê Văn {n}"), &format!("u{n}")))
        .collect();
    users.push(linked);
    users.push(sample::user(4, "Lê Văn 4", "u4"));
    for user in &users {
        commit(records, put(user)).await.unwrap();
    }
    let [_, invited, active, linked, certified] = &users[..] else {
        panic!("five accounts")
    };
    for credential in [
        sample::link(1, invited.id, "1"),
        sample::link(2, active.id, "2"),
        sample::password(3, active.id),
        sample::certificate(4, certified.id, "4"),
    ] {
        let change = Change::Credential(Write::Put(credential));
        commit(records, vec![change]).await.unwrap();
    }
    let ids: Vec<_> = users.iter().map(|u| u.id).collect();
    let found = records.activated(&ids).await.unwrap();
    assert_eq!(
        found.into_iter().collect::<Vec<_>>(),
        [active.id, linked.id, certified.id]
    );
    assert!(records.activated(&[]).await.unwrap().is_empty());
    assert!(records.activated(&ids[..2]).await.unwrap().is_empty());
    for (activated, expected) in [
        (false, &["Lê Văn 0", "Lê Văn 1"][..]),
        (true, &["Lê Văn 2", "Lê Văn 3", "Lê Văn 4"]),
    ] {
        let filter = UserFilter {
            activated: Some(activated),
            ..UserFilter::default()
        };
        assert_eq!(names(records, &filter).await, expected);
    }
}

pub(super) async fn pages_hold_everyone_once(records: &impl Records) {
    let words = ["An", "Bình", "Bình", "Chi"];
    for number in 0..25_u128 {
        let name = format!("Nguyễn {}", words[number as usize % words.len()]);
        let user = sample::user(number, &name, &format!("u{number}"));
        commit(records, put(&user)).await.unwrap();
    }
    for text in [None, Some("nguyen".to_owned())] {
        let filter = UserFilter {
            text,
            ..UserFilter::default()
        };
        for limit in [1, 7, 25, 500] {
            let mut page = PageRequest::first(limit);
            let mut seen = Vec::new();
            loop {
                let listing = records.users(&filter, &page).await.unwrap();
                assert!(listing.entries.len() <= limit as usize);
                seen.extend(listing.entries.into_iter().map(|u| (u.name, u.id)));
                page.after = listing.next;
                if page.after.is_none() {
                    break;
                }
            }
            let mut sorted = seen.clone();
            sorted.sort();
            sorted.dedup();
            assert_eq!(seen.len(), 25, "limit {limit}");
            assert_eq!(sorted, seen, "limit {limit}");
        }
    }
    let lost = PageRequest {
        after: Some("nobody".to_owned()),
        limit: 10,
    };
    let listing = records.users(&UserFilter::default(), &lost).await.unwrap();
    assert!(listing.entries.is_empty() && listing.next.is_none());
}
