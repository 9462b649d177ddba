//! Accounts and everything by which they are found.

use std::collections::BTreeSet;

use idp_core::base::fault::Fault;
use idp_core::base::text::{search_key, sort_key};
use idp_core::model::Version;
use idp_core::model::user::User;
use idp_core::store::change::Write;

use super::super::engine::Step;
use super::super::value::{Statement, Value, values, word};
use super::aggregate::{Columns, Texts, step};
use super::taken;

const USER: Texts = Texts {
    insert: "INSERT INTO users (id, kind, active, sort_key, search, version, body) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
    update: "UPDATE users SET kind = $2, active = $3, sort_key = $4, search = $5, version = $6, \
             body = $7 WHERE id = $1 AND version = $6 - 1",
    remove: "DELETE FROM users WHERE id = $1 AND version = $2",
};

/// What is derived from an account anew at each write.
const DERIVED: [&str; 4] = [
    "DELETE FROM user_words WHERE user_id = $1",
    "DELETE FROM user_positions WHERE user_id = $1",
    "DELETE FROM user_roles WHERE user_id = $1",
    "DELETE FROM user_external_identities WHERE user_id = $1",
];

/// Words of one statement; more words take several.
const WORDS: [&str; 4] = [
    "INSERT INTO user_words (user_id, sort_key, search, word) VALUES ($1, $2, $3, $4)",
    "INSERT INTO user_words (user_id, sort_key, search, word) VALUES ($1, $2, $3, $4), \
     ($1, $2, $3, $5)",
    "INSERT INTO user_words (user_id, sort_key, search, word) VALUES ($1, $2, $3, $4), \
     ($1, $2, $3, $5), ($1, $2, $3, $6)",
    "INSERT INTO user_words (user_id, sort_key, search, word) VALUES ($1, $2, $3, $4), \
     ($1, $2, $3, $5), ($1, $2, $3, $6), ($1, $2, $3, $7)",
];

pub(super) fn add(steps: &mut Vec<Step>, write: &Write<User>) -> Result<(), Fault> {
    let (Write::Put(user) | Write::Remove(user)) = write;
    let words = words(user);
    let derived = values![
        word(&user.kind)?,
        user.is_active(),
        sort_key(&user.name),
        searched(&words)
    ];
    steps.push(step(write, &USER, Columns::new(values![user.id], derived))?);
    if user.version != Version::NEW {
        steps.extend(DERIVED.map(|text| free(text, values![user.id])));
    }
    // Released first, whatever the aggregate still lists: an identifier stays its user's for ever.
    steps.push(free(
        "UPDATE user_identifiers SET released = 1 WHERE user_id = $1",
        values![user.id],
    ));
    if let Write::Put(user) = write {
        add_identifiers(steps, user);
        add_indexes(steps, user, &words);
    }
    Ok(())
}

fn free(text: &'static str, values: Vec<Value>) -> Step {
    Step {
        statement: Statement::new(text, values),
        otherwise: None,
    }
}

/// Reserves each unique identifier for the user, or takes it back; another user's is refused.
fn add_identifiers(steps: &mut Vec<Step>, user: &User) {
    let mut identifiers: Vec<_> = user
        .identifiers
        .iter()
        .filter(|i| i.kind.is_unique())
        .collect();
    // Held ones last, so that one that is listed both as released and as held is held.
    identifiers.sort_by_key(|i| i.released_at.is_none());
    steps.extend(identifiers.into_iter().map(|identifier| {
        let key = identifier.key();
        Step {
            statement: Statement::new(
                "INSERT INTO user_identifiers (key, user_id, released) VALUES ($1, $2, $3) \
                 ON CONFLICT (key) DO UPDATE SET released = excluded.released \
                 WHERE user_identifiers.user_id = excluded.user_id",
                values![key.as_str(), user.id, identifier.released_at.is_some()],
            ),
            otherwise: Some(taken("identifier", key.as_str())),
        }
    }));
}

fn add_indexes(steps: &mut Vec<Step>, user: &User, words: &BTreeSet<String>) {
    for position in &user.positions {
        steps.push(free(
            "INSERT INTO user_positions (unit_id, user_id, position_id, from_ms, until_ms) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            values![
                position.unit,
                user.id,
                position.id,
                position.from,
                position.until
            ],
        ));
    }
    let roles: BTreeSet<&str> = user.roles.iter().map(|r| r.role.as_str()).collect();
    for role in roles {
        steps.push(free(
            "INSERT INTO user_roles (role, user_id) VALUES ($1, $2)",
            values![role, user.id],
        ));
    }
    for identity in &user.external_identities {
        steps.push(Step {
            statement: Statement::new(
                "INSERT INTO user_external_identities (source, external_id, user_id) \
                 VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                values![
                    identity.source.as_str(),
                    identity.external_id.as_str(),
                    user.id
                ],
            ),
            otherwise: Some(taken("external_identity", &identity.external_id)),
        });
    }
    add_words(steps, user, words);
}

fn add_words(steps: &mut Vec<Step>, user: &User, words: &BTreeSet<String>) {
    let (key, search) = (sort_key(&user.name), searched(words));
    let words: Vec<&String> = words.iter().collect();
    for chunk in words.chunks(WORDS.len()) {
        let mut values = values![user.id, key.as_str(), search.as_str()];
        values.extend(chunk.iter().map(|word| Value::from(word.as_str())));
        if let Some(text) = WORDS.get(chunk.len() - 1) {
            steps.push(free(text, values));
        }
    }
}

/// The words by which a user is searched: those of the name without marks, and the identifiers
/// held now.
fn words(user: &User) -> BTreeSet<String> {
    let held = user.identifiers.iter().filter(|i| i.released_at.is_none());
    std::iter::once(user.name.as_str())
        .chain(held.map(|i| i.value.as_str()))
        .flat_map(|text| {
            let key = search_key(text);
            key.split(' ').map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// The words in order as one text in which a space stands before and after each.
fn searched(words: &BTreeSet<String>) -> String {
    let mut text = String::from(" ");
    for word in words {
        text.push_str(word);
        text.push(' ');
    }
    text
}
