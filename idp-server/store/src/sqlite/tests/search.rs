//! The plans of a search answer alike: which one is taken is a matter of time only.

use idp_core::base::text::search_key;
use idp_core::model::UserId;
use idp_core::model::user::{AccountKind, AccountState};
use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::contract::sample;
use idp_core::store::page::PageRequest;
use idp_core::store::records::{Records, UserFilter};

use super::super::SqliteRecords;
use super::empty;
use crate::sql::dialect::SQLITE;
use crate::sql::engine::Engine;
use crate::sql::search::Search;
use crate::sql::value::Statement;

const FAMILY: [&str; 4] = ["Nguyễn", "Ngô", "Trần", "Đặng"];
const MIDDLE: [&str; 3] = ["Văn", "Ngọc", "Thị Ngân"];
const GIVEN: [&str; 5] = ["An", "Ánh", "Nga", "Khánh", "Vân"];

fn name(number: usize) -> String {
    let pick = |list: &[&'static str], by: usize| list[number / by % list.len()];
    let (family, middle, given) = (pick(&FAMILY, 1), pick(&MIDDLE, 4), pick(&GIVEN, 12));
    format!("{family} {middle} {given}")
}

/// Whether person `number` is found by `text`, word by word.
fn matches(number: usize, text: &str) -> bool {
    let words = search_key(&format!("{} n{number}.an", name(number)));
    text.split(' ')
        .all(|part| words.split(' ').any(|word| word.starts_with(part)))
}

/// 180 people whose words often begin alike, so that one beginning finds several words of one
/// person.
async fn fill(records: &SqliteRecords) {
    for number in 0..180_usize {
        let user_name = format!("n{number}.an");
        let mut user = sample::user(number as u128, &name(number), &user_name);
        if number % 7 == 0 {
            user.kind = AccountKind::Service;
        }
        if number % 5 == 0 {
            let why = "left".to_owned();
            user.state = AccountState::Disabled {
                at: sample::at(2),
                why,
            };
        }
        let changes = vec![Change::User(Write::Put(user))];
        let batch = Batch {
            changes,
            events: Vec::new(),
        };
        records.commit(batch).await.unwrap();
    }
}

async fn ids(records: &SqliteRecords, statement: Statement) -> Vec<String> {
    let rows = records.engine.read(statement).await.unwrap();
    let ids = rows.iter().map(|row| row.text(0).unwrap().to_owned());
    ids.collect()
}

/// Every page's answer by each plan; how many accounts were found in all.
async fn compare(records: &SqliteRecords, filter: &UserFilter) -> usize {
    let mut page = PageRequest::first(7);
    let mut found = 0;
    let words = filter.text.as_deref().unwrap().split(' ').count();
    loop {
        let search = Search::new(filter, &page, SQLITE).unwrap();
        let walked = ids(records, search.walk()).await;
        for place in 0..words {
            let collected = ids(records, search.collect(place)).await;
            assert_eq!(collected, walked, "{filter:?} {page:?} by word {place}");
            let beginnings = search.beginnings(place);
            let beginnings = records.engine.read(beginnings).await.unwrap();
            if let Some(merge) = search.merge(place, &beginnings).unwrap() {
                let merged = ids(records, merge).await;
                assert_eq!(merged, walked, "{filter:?} {page:?} by word {place}");
            }
        }
        found += walked.len().min(7);
        let listing = records.users(filter, &page).await.unwrap();
        let listed: Vec<UserId> = listing.entries.iter().map(|user| user.id).collect();
        let listed: Vec<String> = listed.iter().map(ToString::to_string).collect();
        assert_eq!(listed, walked[..walked.len().min(7)]);
        let Some(next) = listing.next else {
            return found;
        };
        page.after = Some(next);
    }
}

#[tokio::test]
async fn all_plans_answer_alike() {
    let folder = tempfile::tempdir().unwrap();
    let (records, _tickets) = empty(folder.path()).await;
    fill(&records).await;
    let filter = |text: &str| UserFilter {
        text: Some(text.to_owned()),
        ..UserFilter::default()
    };
    for text in [
        "n",
        "ng an",
        "khanh nguyen",
        "van khanh dang",
        "ngoc nga n1",
        "khanh khong",
    ] {
        let expected = (0..180).filter(|n| matches(*n, text)).count();
        assert_eq!(compare(&records, &filter(text)).await, expected, "{text}");
    }
    let narrow = UserFilter {
        kind: Some(AccountKind::Service),
        active: Some(true),
        ..filter("ngo")
    };
    let narrow = compare(&records, &narrow).await;
    assert!((1..20).contains(&narrow), "{narrow}");
}

#[tokio::test]
async fn too_many_words_are_not_merged() {
    let folder = tempfile::tempdir().unwrap();
    let (records, _tickets) = empty(folder.path()).await;
    fill(&records).await;
    let filter = UserFilter {
        text: Some("n".to_owned()),
        ..UserFilter::default()
    };
    let search = Search::new(&filter, &PageRequest::first(7), SQLITE).unwrap();
    let beginnings = records.engine.read(search.beginnings(0)).await.unwrap();
    assert_eq!(beginnings.len(), 33);
    assert!(search.merge(0, &beginnings).unwrap().is_none());
}
