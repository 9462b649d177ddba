//! Revocation lists: complete, delta, indirect.

use super::authority::{Authority, signed};
use super::encode::{big_number, element, explicit, extension, number, sequence, time};
use super::subject::Subject;
use crate::Time;

/// One revoked certificate.
#[derive(Clone, Debug)]
pub struct ListEntry {
    /// Octets of its serial number.
    pub serial: Vec<u8>,
    /// Since when.
    pub at: Time,
    /// Why, by number; nothing is written for `None`.
    pub reason: Option<u8>,
    /// In an indirect list: whose certificate it is, this entry and those that follow.
    pub issuer: Option<Subject>,
}

impl ListEntry {
    /// An entry that says when, and nothing more.
    pub fn new(serial: &[u8], at: Time) -> Self {
        Self {
            serial: serial.to_vec(),
            at,
            reason: None,
            issuer: None,
        }
    }
}

/// What a list says.
#[derive(Clone, Debug)]
pub struct ListTemplate {
    /// Made.
    pub this_update: Time,
    /// The next one comes by then.
    pub next_update: Option<Time>,
    /// Its number.
    pub number: u64,
    /// For a delta list: the number of the complete list that it amends.
    pub base: Option<u64>,
    /// Whether entries may be of other issuers.
    pub indirect: bool,
    /// What is revoked.
    pub entries: Vec<ListEntry>,
    /// More whole extensions.
    pub extensions: Vec<Vec<u8>>,
}

impl ListTemplate {
    /// A complete list of an hour ago, good for a day.
    pub fn at(now: Time) -> Self {
        Self {
            this_update: now.plus(-3600),
            next_update: Some(now.plus(86_400)),
            number: 1,
            base: None,
            indirect: false,
            entries: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// With these serial numbers revoked for no stated reason.
    #[must_use]
    pub fn revoking(mut self, serials: &[&[u8]]) -> Self {
        let at = self.this_update;
        self.entries = serials
            .iter()
            .map(|serial| ListEntry::new(serial, at))
            .collect();
        self
    }
}

impl Authority {
    /// Signs a list: its DER.
    pub fn list(&self, template: &ListTemplate) -> Vec<u8> {
        let scheme = self.key.scheme();
        let entries: Vec<Vec<u8>> = template.entries.iter().map(entry).collect();
        let entries = if entries.is_empty() {
            Vec::new()
        } else {
            sequence(&entries)
        };
        let mut extensions = vec![extension("2.5.29.20", false, &number(template.number))];
        if let Some(base) = template.base {
            extensions.push(extension("2.5.29.27", true, &number(base)));
        }
        if template.indirect {
            let scope = sequence(&[element(0x84, &[0xff])]);
            extensions.push(extension("2.5.29.28", true, &scope));
        }
        extensions.extend(template.extensions.iter().cloned());
        let tbs = sequence(&[
            number(1),
            scheme.identifier(),
            self.name.der(),
            time(template.this_update),
            template.next_update.map(time).unwrap_or_default(),
            entries,
            explicit(0, &sequence(&extensions)),
        ]);
        signed(tbs, scheme, &self.key)
    }
}

fn entry(entry: &ListEntry) -> Vec<u8> {
    let mut extensions = Vec::new();
    if let Some(reason) = entry.reason {
        extensions.push(extension("2.5.29.21", false, &element(0x0a, &[reason])));
    }
    if let Some(issuer) = &entry.issuer {
        let names = sequence(&[explicit(4, &issuer.der())]);
        extensions.push(extension("2.5.29.29", true, &names));
    }
    let extensions = if extensions.is_empty() {
        Vec::new()
    } else {
        sequence(&extensions)
    };
    sequence(&[big_number(&entry.serial), time(entry.at), extensions])
}
