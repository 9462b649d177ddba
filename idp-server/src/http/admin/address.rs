//! Postal addresses between the API and the core.

use idp_admin_api::address::{Address, AddressEdit};
use idp_core::model;
use idp_core::model::address::AddressPart;

/// An address as the API shows it.
pub(super) fn shown(of: &model::address::Address) -> Address {
    let part = |part| of.part(part).map(str::to_owned);
    Address {
        formatted: part(AddressPart::Formatted),
        street_address: part(AddressPart::StreetAddress),
        locality: part(AddressPart::Locality),
        region: part(AddressPart::Region),
        postal_code: part(AddressPart::PostalCode),
        country: part(AddressPart::Country),
    }
}

/// The parts of a new address.
pub(super) fn given(new: Address) -> Vec<(AddressPart, String)> {
    let all = [
        (AddressPart::Formatted, new.formatted),
        (AddressPart::StreetAddress, new.street_address),
        (AddressPart::Locality, new.locality),
        (AddressPart::Region, new.region),
        (AddressPart::PostalCode, new.postal_code),
        (AddressPart::Country, new.country),
    ];
    all.into_iter()
        .filter_map(|(part, text)| Some((part, text?)))
        .collect()
}

/// The parts that an edit changes; all of them when the address is cleared.
pub(super) fn changed(edit: Option<AddressEdit>) -> Vec<(AddressPart, Option<String>)> {
    let Some(edit) = edit else {
        return AddressPart::ALL.map(|part| (part, None)).to_vec();
    };
    let all = [
        (AddressPart::Formatted, edit.formatted),
        (AddressPart::StreetAddress, edit.street_address),
        (AddressPart::Locality, edit.locality),
        (AddressPart::Region, edit.region),
        (AddressPart::PostalCode, edit.postal_code),
        (AddressPart::Country, edit.country),
    ];
    all.into_iter()
        .filter_map(|(part, change)| Some((part, change?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_survives_the_way_there_and_back() {
        let mut stored = model::address::Address::default();
        for (place, part) in AddressPart::ALL.into_iter().enumerate() {
            stored.set(part, Some(&format!("part {place}"))).unwrap();
        }
        let mut again = model::address::Address::default();
        for (part, text) in given(shown(&stored)) {
            again.set(part, Some(&text)).unwrap();
        }
        assert_eq!(again, stored);
        let edit: AddressEdit =
            serde_json::from_value(serde_json::to_value(shown(&stored)).unwrap()).unwrap();
        for (part, change) in changed(Some(edit)) {
            assert_eq!(change.as_deref(), stored.part(part));
        }
        assert!(changed(Some(AddressEdit::default())).is_empty());
        assert!(changed(None).iter().all(|(_, change)| change.is_none()));
        assert_eq!(changed(None).len(), AddressPart::ALL.len());
    }
}
