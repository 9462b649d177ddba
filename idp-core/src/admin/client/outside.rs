//! What only the outside can tell of a client's metadata, and what they come to with it.

use super::sector::{self, SectorDocument};
use crate::base::refusal::Reason;
use crate::jose::JwkSet;
use crate::model::client::Client;
use crate::organisation::UnitTree;
use crate::store::decision::Asks;

/// What was fetched for a registration so far.
#[derive(Clone, Debug, Default)]
pub struct Outside {
    /// The document at `sector_identifier_uri`.
    pub sector: Option<SectorDocument>,
    /// The keys of the issuer of a software statement.
    pub statement_keys: Option<JwkSet>,
}

/// What checked metadata come to.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The client, ready to be written.
    Client(Box<Client>),
    /// Something has to be fetched first.
    Ask(Asks),
}

/// Settles what a client's metadata mean outside of themselves: its sector. `before` is the client
/// as it rests, `accepted` whether the caller knows that people will have other subjects.
///
/// # Errors
/// [`Reason::ClientSectorIncomplete`], [`Reason::ClientSectorAmbiguous`],
/// [`Reason::ClientSectorNeedsUnit`], [`Reason::ClientSubjectsWouldChange`].
pub fn settle(
    tree: &UnitTree,
    (before, mut after): (Option<&Client>, Client),
    outside: &Outside,
    accepted: bool,
) -> Result<Settled, Reason> {
    if let Some(uri) = sector::document_needed(before, &after) {
        match &outside.sector {
            Some(document) => sector::compare(&after, document)?,
            None => {
                let uri = uri.to_owned();
                return Ok(Settled::Ask(Asks::SectorDocument { uri }));
            }
        }
    }
    after.sector = match before {
        None => sector::described(tree, &after)?,
        Some(before) => sector::resettled(tree, (before, &after), accepted)?,
    };
    Ok(Settled::Client(Box::new(after)))
}
