//! The plain aggregates: one row each.

use idp_core::base::fault::Fault;
use idp_core::model::change_set::ChangeSet;
use idp_core::model::client::Client;
use idp_core::model::consent::Consent;
use idp_core::model::credential::{Credential, CredentialSecret};
use idp_core::model::key::Key;
use idp_core::model::organisation_unit::OrganisationUnit;
use idp_core::model::outbox::OutboxEntry;
use idp_core::model::role::Role;
use idp_core::model::{CredentialId, Version};
use idp_core::store::change::{Aggregate, Write};
use idp_core::store::records::CommitError;

use super::super::engine::Step;
use super::super::value::{Statement, Value, to_json, values, word};
use super::{changed, taken};

/// How one kind of aggregate is written. In `insert` and `update` the markers count: key columns,
/// derived columns, the new version, the body; in `remove`: key columns, the version read.
pub(super) struct Texts {
    pub(super) insert: &'static str,
    pub(super) update: &'static str,
    pub(super) remove: &'static str,
}

/// The columns of one aggregate besides version and body.
pub(super) struct Columns {
    pub(super) key: Vec<Value>,
    pub(super) derived: Vec<Value>,
    /// What an insert that meets an existing row answers, when that is not "changed".
    pub(super) exists: Option<CommitError>,
}

impl Columns {
    pub(super) fn new(key: Vec<Value>, derived: Vec<Value>) -> Self {
        Self {
            key,
            derived,
            exists: None,
        }
    }

    fn or_taken(mut self, what: &'static str, value: &str) -> Self {
        self.exists = Some(taken(what, value));
        self
    }
}

/// The step that writes an aggregate's own row.
pub(super) fn step<T: Aggregate>(
    write: &Write<T>,
    texts: &Texts,
    columns: Columns,
) -> Result<Step, Fault> {
    let mut values = columns.key;
    let (Write::Put(value) | Write::Remove(value)) = write;
    let conflict = changed(T::KIND, value.identity());
    if let Write::Remove(_) = write {
        values.push(value.version().into());
        return Ok(Step {
            statement: Statement::new(texts.remove, values),
            otherwise: Some(conflict),
        });
    }
    let mut next = value.clone();
    next.set_version(value.version().next());
    values.extend(columns.derived);
    values.push(next.version().into());
    values.push(to_json(&next)?.into());
    let (text, otherwise) = if value.version() == Version::NEW {
        (texts.insert, columns.exists.unwrap_or(conflict))
    } else {
        (texts.update, conflict)
    };
    Ok(Step {
        statement: Statement::new(text, values),
        otherwise: Some(otherwise),
    })
}

const CREDENTIAL: Texts = Texts {
    insert: "INSERT INTO credentials (id, user_id, lookup, expires_ms, version, body) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
    update: "UPDATE credentials SET user_id = $2, lookup = $3, expires_ms = $4, version = $5, \
             body = $6 WHERE id = $1 AND version = $5 - 1",
    remove: "DELETE FROM credentials WHERE id = $1 AND version = $2",
};

pub(super) fn credential(write: &Write<Credential>) -> Result<Step, Fault> {
    let (Write::Put(credential) | Write::Remove(credential)) = write;
    let expires = match &credential.secret {
        CredentialSecret::Password(_) | CredentialSecret::Certificate(_) => None,
        CredentialSecret::ActivationLink(link) => Some(link.expires_at),
    };
    let lookup = credential.lookup();
    let derived = values![credential.user, lookup.as_ref(), expires];
    step(
        write,
        &CREDENTIAL,
        Columns::new(values![credential.id], derived),
    )
}

/// Touches the row without changing it, so that a credential with another version stops the batch.
pub(super) fn credential_unchanged(id: CredentialId, version: Version) -> Step {
    Step {
        statement: Statement::new(
            "UPDATE credentials SET version = version WHERE id = $1 AND version = $2",
            values![id, version],
        ),
        otherwise: Some(changed("credential", id.to_string())),
    }
}

const ROLE: Texts = Texts {
    insert: "INSERT INTO roles (name, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    update: "UPDATE roles SET version = $2, body = $3 WHERE name = $1 AND version = $2 - 1",
    remove: "DELETE FROM roles WHERE name = $1 AND version = $2",
};

pub(super) fn role(write: &Write<Role>) -> Result<Step, Fault> {
    let (Write::Put(role) | Write::Remove(role)) = write;
    let name = role.name.as_str();
    let columns = Columns::new(values![name], Vec::new()).or_taken("role", name);
    step(write, &ROLE, columns)
}

const CLIENT: Texts = Texts {
    insert: "INSERT INTO clients (issuer, id, version, body) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
    update: "UPDATE clients SET version = $3, body = $4 \
             WHERE issuer = $1 AND id = $2 AND version = $3 - 1",
    remove: "DELETE FROM clients WHERE issuer = $1 AND id = $2 AND version = $3",
};

pub(super) fn client(write: &Write<Client>) -> Result<Step, Fault> {
    let (Write::Put(client) | Write::Remove(client)) = write;
    let id = client.id.as_str();
    let key = values![client.issuer.as_str(), id];
    let columns = Columns::new(key, Vec::new()).or_taken("client_id", id);
    step(write, &CLIENT, columns)
}

const CONSENT: Texts = Texts {
    insert: "INSERT INTO consents (issuer, user_id, client_id, version, body) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    update: "UPDATE consents SET version = $4, body = $5 \
             WHERE issuer = $1 AND user_id = $2 AND client_id = $3 AND version = $4 - 1",
    remove: "DELETE FROM consents \
             WHERE issuer = $1 AND user_id = $2 AND client_id = $3 AND version = $4",
};

pub(super) fn consent(write: &Write<Consent>) -> Result<Step, Fault> {
    let (Write::Put(consent) | Write::Remove(consent)) = write;
    let key = values![
        consent.issuer.as_str(),
        consent.user,
        consent.client.as_str()
    ];
    step(write, &CONSENT, Columns::new(key, Vec::new()))
}

/// Touches the row without changing it, so that a consent with another version stops the batch.
pub(super) fn consent_unchanged(consent: &Consent) -> Step {
    Step {
        statement: Statement::new(
            "UPDATE consents SET version = version \
             WHERE issuer = $1 AND user_id = $2 AND client_id = $3 AND version = $4",
            values![
                consent.issuer.as_str(),
                consent.user,
                consent.client.as_str(),
                consent.version
            ],
        ),
        otherwise: Some(changed("consent", consent.identity())),
    }
}

const KEY: Texts = Texts {
    insert: "INSERT INTO keys (issuer, kid, created_ms, version, body) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
    update: "UPDATE keys SET created_ms = $3, version = $4, body = $5 \
             WHERE issuer = $1 AND kid = $2 AND version = $4 - 1",
    remove: "DELETE FROM keys WHERE issuer = $1 AND kid = $2 AND version = $3",
};

pub(super) fn key(write: &Write<Key>) -> Result<Step, Fault> {
    let (Write::Put(key) | Write::Remove(key)) = write;
    let columns = Columns::new(
        values![key.issuer.as_str(), key.kid.as_str()],
        values![key.created_at],
    );
    step(write, &KEY, columns)
}

const CHANGE_SET: Texts = Texts {
    insert: "INSERT INTO change_sets (id, version, body) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING",
    update: "UPDATE change_sets SET version = $2, body = $3 WHERE id = $1 AND version = $2 - 1",
    remove: "DELETE FROM change_sets WHERE id = $1 AND version = $2",
};

pub(super) fn change_set(write: &Write<ChangeSet>) -> Result<Step, Fault> {
    let (Write::Put(change_set) | Write::Remove(change_set)) = write;
    let columns = Columns::new(values![change_set.id], Vec::new());
    step(write, &CHANGE_SET, columns)
}

const UNIT: Texts = Texts {
    insert: "INSERT INTO units (id, parent, version, body) VALUES ($1, $2, $3, $4) \
             ON CONFLICT DO NOTHING",
    update: "UPDATE units SET parent = $2, version = $3, body = $4 \
             WHERE id = $1 AND version = $3 - 1",
    remove: "DELETE FROM units WHERE id = $1 AND version = $2",
};

/// A unit, and its code, which no other unit may have at the same time.
pub(super) fn add_unit(
    steps: &mut Vec<Step>,
    write: &Write<OrganisationUnit>,
) -> Result<(), Fault> {
    let (Write::Put(unit) | Write::Remove(unit)) = write;
    let columns = Columns::new(values![unit.id], values![unit.parent]);
    steps.push(step(write, &UNIT, columns)?);
    if unit.version != Version::NEW || matches!(write, Write::Remove(_)) {
        let text = "DELETE FROM unit_codes WHERE unit_id = $1";
        steps.push(Step {
            statement: Statement::new(text, values![unit.id]),
            otherwise: None,
        });
    }
    if let Write::Put(unit) = write {
        let code = unit.code.to_string();
        steps.push(Step {
            statement: Statement::new(
                "INSERT INTO unit_codes (code, unit_id) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                values![code.as_str(), unit.id],
            ),
            otherwise: Some(taken("unit_code", &code)),
        });
    }
    Ok(())
}

/// The result of a delivery attempt. A delivery that is over takes no second result.
pub(crate) fn settle(entry: &OutboxEntry) -> Result<Step, Fault> {
    Ok(Step {
        statement: Statement::new(
            "UPDATE outbox SET state = $2, due_ms = $3, lease_until_ms = 0, body = $4 \
             WHERE id = $1 AND state = 'pending'",
            values![entry.id, word(&entry.state)?, entry.due_at, to_json(entry)?],
        ),
        otherwise: Some(changed("outbox", entry.id.to_string())),
    })
}
