//! What only the outside can tell of a client's metadata, and what they come to with it.

use super::logo;
use super::responsible::{self, Responsible};
use super::sector::{self, SectorDocument};
use crate::base::refusal::Reason;
use crate::base::secret::Digest;
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
    /// The picture at `logo_uri`, which is kept under this digest.
    pub logo: Option<Digest>,
    /// The account that its responsible person's name leads to.
    pub responsible: Option<Responsible>,
}

/// What checked metadata come to.
#[derive(Clone, Debug)]
pub enum Settled {
    /// The client, ready to be written.
    Client(Box<Client>),
    /// Something has to be fetched first.
    Ask(Asks),
}

/// Settles what a client's metadata mean outside of themselves: who answers for it, its sector and its picture.
/// `before` is the client as it rests, `accepted` whether the caller knows that people will have other subjects.
///
/// # Errors
/// [`Reason::ClientPersonUnknown`], [`Reason::ClientSectorIncomplete`], [`Reason::ClientSectorAmbiguous`],
/// [`Reason::ClientSectorNeedsUnit`], [`Reason::ClientSubjectsWouldChange`].
pub fn settle(
    tree: &UnitTree,
    (before, mut after): (Option<&Client>, Client),
    outside: &Outside,
    accepted: bool,
) -> Result<Settled, Reason> {
    if let Some(named) = responsible::person_needed(before, &after) {
        match &outside.responsible {
            Some(found) => responsible::check(named, found)?,
            None => {
                let user_name = named.to_owned();
                return Ok(Settled::Ask(Asks::ResponsiblePerson { user_name }));
            }
        }
    }
    if let Some(uri) = sector::document_needed(before, &after) {
        match &outside.sector {
            Some(document) => sector::compare(&after, document)?,
            None => {
                let uri = uri.to_owned();
                return Ok(Settled::Ask(Asks::SectorDocument { uri }));
            }
        }
    }
    after.logo = match logo::picture_needed(before, &after) {
        Some(uri) if outside.logo.is_none() => {
            let uri = uri.to_owned();
            return Ok(Settled::Ask(Asks::ClientLogo { uri }));
        }
        Some(_) => outside.logo,
        None => before
            .and_then(|b| b.logo)
            .filter(|_| after.features.logo_uri.is_some()),
    };
    after.sector = match before {
        None => sector::described(tree, &after)?,
        Some(before) => sector::resettled(tree, (before, &after), accepted)?,
    };
    Ok(Settled::Client(Box::new(after)))
}
