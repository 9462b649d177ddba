//! A store of an older schema.

use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::contract::sample;
use idp_core::store::page::PageRequest;
use idp_core::store::records::{Records, UserFilter};

use super::super::connection::{Role, connect, run};
use super::super::folder::{Folder, RECORDS};
use super::super::schema::migrate;
use super::empty;
use crate::sql::schema::RECORDS as MIGRATIONS;
use crate::sql::value::{Statement, values};

/// A store as schema version 1 left it, with one person.
async fn first_version(folder: &std::path::Path) {
    let folder = std::sync::Arc::new(Folder::take(folder, true).unwrap());
    let file = folder.database(RECORDS).unwrap();
    let mut connection = connect(&file, Role::DurableWriter).await.unwrap();
    migrate(&mut connection, &file, &MIGRATIONS[..1])
        .await
        .unwrap();
    let mut user = sample::user(1, "Lê An", "an.l");
    user.version = user.version.next();
    let body = serde_json::to_string(&user).unwrap();
    let person = "INSERT INTO users (id, kind, active, sort_key, search, version, body) \
                  VALUES ($1, 'official', 1, 'an le', ' an an.l le', 1, $2)";
    let words =
        "INSERT INTO user_words (user_id, word) VALUES ($1, 'an'), ($1, 'an.l'), ($1, 'le')";
    let identifier = "INSERT INTO user_identifiers (key, user_id, released) VALUES ('an.l', $1, 0)";
    let statements = [
        Statement::new(person, values![user.id, body.as_str()]),
        Statement::new(words, values![user.id]),
        Statement::new(identifier, values![user.id]),
    ];
    for statement in &statements {
        run(&mut connection, statement).await.unwrap();
    }
}

#[tokio::test]
async fn people_of_the_first_schema_are_found_and_changed() {
    let folder = tempfile::tempdir().unwrap();
    first_version(folder.path()).await;
    let (records, _tickets) = empty(folder.path()).await;
    let found = async |text: &str| {
        let filter = UserFilter {
            text: Some(text.to_owned()),
            ..UserFilter::default()
        };
        let listing = records.users(&filter, &PageRequest::first(9)).await;
        listing.unwrap().entries
    };
    for text in ["an", "le an", "an.l"] {
        assert_eq!(found(text).await.len(), 1, "{text}");
    }
    let mut user = found("le").await.remove(0);
    user.name = "Lê Bình".to_owned();
    let batch = Batch {
        changes: vec![Change::User(Write::Put(user))],
        events: Vec::new(),
    };
    records.commit(batch).await.unwrap();
    assert_eq!(found("binh").await.len(), 1);
    assert!(
        found("le an").await.len() == 1,
        "the user name an.l remains"
    );
    records.check().await.unwrap();
}
