use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SanType,
};

use super::*;
use crate::jose::Jwk;
use crate::oauth::sample::NOW;

/// An authority of this test's making.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    der: Vec<u8>,
}

fn authority() -> Authority {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
        .distinguished_name
        .push(DnType::CommonName, "CA của tỉnh");
    let der = params.self_signed(&key).unwrap().der().to_vec();
    Authority {
        issuer: Issuer::new(params, key),
        der,
    }
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "VN");
    params
        .distinguished_name
        .push(DnType::CommonName, "HIS Bệnh viện");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.subject_alt_names = vec![
        SanType::DnsName("his.tinh.example".try_into().unwrap()),
        SanType::URI("urn:tinh:his".try_into().unwrap()),
        SanType::IpAddress([192, 0, 2, 7].into()),
        SanType::Rfc822Name("his@tinh.example".try_into().unwrap()),
    ];
    params
}

fn issued(by: &Authority, params: &CertificateParams) -> ClientCertificate {
    let key = KeyPair::generate().unwrap();
    let der = params.signed_by(&key, &by.issuer).unwrap().der().to_vec();
    ClientCertificate::parse(&[der]).unwrap()
}

fn named(change: impl Fn(&mut ClientFeatures)) -> ClientFeatures {
    let mut features = ClientFeatures::default();
    change(&mut features);
    features
}

/// Registers a name.
type Register = fn(&mut ClientFeatures, String);

#[test]
fn a_certificate_of_a_trusted_authority_with_the_registered_name_proves() {
    let ca = authority();
    let shown = issued(&ca, &params());
    let check = |features: &ClientFeatures| {
        let checked = check_authority(&shown, features, std::slice::from_ref(&ca.der), NOW);
        checked.map_err(|refusal| refusal.reason)
    };
    let wrong = Err(Reason::ClientCertificateNameWrong);
    let table: [(&str, Register, bool); 13] = [
        (
            "cn=his bệnh viện, c=VN",
            |f, v| f.tls_client_auth_subject_dn = Some(v),
            true,
        ),
        (
            "CN=HIS,C=VN",
            |f, v| f.tls_client_auth_subject_dn = Some(v),
            false,
        ),
        (
            "C=VN,CN=HIS Bệnh viện",
            |f, v| f.tls_client_auth_subject_dn = Some(v),
            false,
        ),
        (
            "HIS.tinh.example",
            |f, v| f.tls_client_auth_san_dns = Some(v),
            true,
        ),
        (
            "tinh.example",
            |f, v| f.tls_client_auth_san_dns = Some(v),
            false,
        ),
        (
            "*.tinh.example",
            |f, v| f.tls_client_auth_san_dns = Some(v),
            false,
        ),
        (
            "urn:tinh:his",
            |f, v| f.tls_client_auth_san_uri = Some(v),
            true,
        ),
        (
            "urn:tinh:HIS",
            |f, v| f.tls_client_auth_san_uri = Some(v),
            false,
        ),
        ("192.0.2.7", |f, v| f.tls_client_auth_san_ip = Some(v), true),
        (
            "192.0.2.8",
            |f, v| f.tls_client_auth_san_ip = Some(v),
            false,
        ),
        (
            "his@TINH.example",
            |f, v| f.tls_client_auth_san_email = Some(v),
            true,
        ),
        (
            "HIS@tinh.example",
            |f, v| f.tls_client_auth_san_email = Some(v),
            false,
        ),
        (
            "tinh.example",
            |f, v| f.tls_client_auth_san_email = Some(v),
            false,
        ),
    ];
    for (value, set, fits) in table {
        let features = named(|features| set(features, value.to_owned()));
        assert_eq!(
            check(&features),
            if fits { Ok(()) } else { wrong },
            "{value}"
        );
    }
    assert_eq!(
        check(&ClientFeatures::default()),
        wrong,
        "no name, no proof"
    );
}

#[test]
fn no_other_certificate_is_trusted() {
    let (ca, other) = (authority(), authority());
    let features = named(|f| f.tls_client_auth_san_uri = Some("urn:tinh:his".into()));
    let check = |shown: &ClientCertificate, trusted: &[Vec<u8>], now| {
        let checked = check_authority(shown, &features, trusted, now);
        checked.err().map(|refusal| refusal.reason)
    };
    let trusted = [ca.der.clone()];
    let untrusted = Some(Reason::ClientCertificateUntrusted);
    assert_eq!(check(&issued(&ca, &params()), &trusted, NOW), None);
    assert_eq!(check(&issued(&other, &params()), &trusted, NOW), untrusted);
    assert_eq!(check(&issued(&ca, &params()), &[], NOW), untrusted);
    let key = KeyPair::generate().unwrap();
    let own = params().self_signed(&key).unwrap().der().to_vec();
    let own = ClientCertificate::parse(&[own]).unwrap();
    assert_eq!(check(&own, &trusted, NOW), untrusted);
    let itself = ClientCertificate::parse(std::slice::from_ref(&ca.der)).unwrap();
    assert_eq!(
        check(&itself, &trusted, NOW),
        untrusted,
        "no client is an authority"
    );
    let mut for_agreement = params();
    for_agreement.key_usages = vec![rcgen::KeyUsagePurpose::KeyAgreement];
    assert_eq!(
        check(&issued(&ca, &for_agreement), &trusted, NOW),
        untrusted
    );
    let mut for_servers = params();
    for_servers.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    assert_eq!(check(&issued(&ca, &for_servers), &trusted, NOW), untrusted);
    let mut over = params();
    over.not_after = rcgen::date_time_ymd(2020, 1, 1);
    assert_eq!(check(&issued(&ca, &over), &trusted, NOW), untrusted);
    let end = issued(&ca, &params()).chain.remove(0);
    assert!(is_authority(&ca.der) && !is_authority(b"x") && !is_authority(&end));
}

#[test]
fn a_registered_key_proves_whoever_signed_the_certificate() {
    let key = KeyPair::generate().unwrap();
    let der = params().self_signed(&key).unwrap().der().to_vec();
    let shown = ClientCertificate::parse(std::slice::from_ref(&der)).unwrap();
    let registered = JwkSet::new(vec![Jwk::new(shown.key.clone().unwrap())]);
    assert_eq!(check_registered_key(&shown, &registered), Ok(()));
    let again = params().self_signed(&key).unwrap().der().to_vec();
    let again = ClientCertificate::parse(&[again]).unwrap();
    assert_eq!(
        check_registered_key(&again, &registered),
        Ok(()),
        "renewed over the same key"
    );
    let other = issued(&authority(), &params());
    let wrong = check_registered_key(&other, &registered).unwrap_err();
    assert_eq!(wrong.reason, Reason::ClientCertificateKeyWrong);
    assert_eq!(shown.thumbprint(), Digest::of(&der).to_base64url());
    assert_ne!(
        shown.thumbprint(),
        again.thumbprint(),
        "tokens are bound to the certificate"
    );
}

#[test]
fn what_is_no_chain_of_certificates_is_refused() {
    let key = KeyPair::generate().unwrap();
    let der = params().self_signed(&key).unwrap().der().to_vec();
    let longer = [der.as_slice(), &[0]].concat();
    for chain in [
        Vec::new(),
        vec![b"x".to_vec()],
        vec![longer],
        vec![der.clone(); MOST_CERTIFICATES + 1],
        vec![vec![0; MOST_BYTES + 1]],
    ] {
        let refused = ClientCertificate::parse(&chain).unwrap_err();
        assert_eq!(refused.reason, Reason::ClientCertificateMalformed);
    }
    assert!(ClientCertificate::parse(&vec![der; MOST_CERTIFICATES]).is_ok());
}
