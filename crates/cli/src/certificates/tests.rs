use super::*;

/// Its words say how the certificates and their hashes were made.
const PEM: &str = include_str!("../../tests/fixtures/signing-certificates.pem");

fn ders() -> Vec<Vec<u8>> {
    found_in(PEM.as_bytes()).unwrap().into_iter().map(|certificate| certificate.0).collect()
}

fn upper_hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(between)
}

/// A field of less than 128 bytes.
fn field(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
    let content = contents.concat();
    [&[tag, u8::try_from(content.len()).unwrap()], content.as_slice()].concat()
}

#[test]
fn certificates_are_found_among_the_words_around_them() {
    let fingerprints: Vec<String> =
        found_in(PEM.as_bytes()).unwrap().iter().map(|found| found.fingerprint().to_string()).collect();
    assert_eq!(
        fingerprints,
        [
            "AA:06:DD:4F:40:15:1E:63:29:8B:FC:8D:32:F7:EE:B8:FD:A8:CD:A0:D1:82:B0:B3:4F:10:11:B7:AB:6D:0C:07",
            "67:96:05:A4:C8:E4:13:86:04:64:D5:8A:36:54:AD:04:5E:A1:6F:74:E4:9E:FF:AF:57:54:F7:C4:6F:14:0B:BC",
        ]
    );
    let windows = PEM.replace('\n', "\r\n");
    assert_eq!(found_in(windows.as_bytes()).unwrap().len(), 2);
    let with_key = format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{PEM}");
    assert_eq!(found_in(with_key.as_bytes()).unwrap().len(), 2);
}

#[test]
fn der_and_its_hex_are_the_same_certificate() {
    for der in ders() {
        for text in [
            upper_hex(&der, ""),
            upper_hex(&der, ":"),
            upper_hex(&der, "").to_lowercase(),
            format!("{}\n", upper_hex(&der, " ")),
            upper_hex(&der, "\n"),
        ] {
            assert_eq!(found_in(text.as_bytes()).unwrap()[0].der(), der);
        }
        assert_eq!(found_in(&der).unwrap()[0].der(), der);
    }
}

#[test]
fn a_fingerprint_is_not_taken_for_a_certificate() {
    for bytes in DIGEST_BYTES {
        let digest = vec![0xab; bytes];
        for between in ["", ":", " "] {
            let text = format!("{}\n", upper_hex(&digest, between));
            assert_eq!(found_in(text.as_bytes()).err(), Some(Fault::Fingerprint), "{text}");
        }
    }
}

#[test]
fn what_is_no_certificate_is_told() {
    let der = ders().remove(0);
    let number = field(INTEGER, &[&[3]]);
    let sequence = field(SEQUENCE, &[]);
    let signature = field(BIT_STRING, &[&[0]]);
    let signed = |fields: &[&[u8]]| field(SEQUENCE, &[&field(SEQUENCE, fields), &sequence, &signature]);
    let keystore = field(SEQUENCE, &[&number, &sequence, &sequence]);
    let request = signed(&[&number, &sequence, &sequence, &field(VERSION, &[])]);
    let revocations = signed(&[&number, &sequence, &sequence, &field(0x17, &[])]);
    let longer = [der.as_slice(), &[0]].concat();
    let rows: [(&[u8], Fault); 13] = [
        (b"", Fault::NoCertificate),
        (b"\n", Fault::NoCertificate),
        (b"a certificate", Fault::NoCertificate),
        (b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", Fault::NoCertificate),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", Fault::NoCertificate),
        (b"-----BEGIN CERTIFICATE-----\nA*AA\n-----END CERTIFICATE-----\n", Fault::BrokenPem),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n", Fault::BrokenPem),
        (&der[..der.len() - 1], Fault::NoCertificate),
        (&longer, Fault::NoCertificate),
        (&keystore, Fault::Keystore("PKCS #12")),
        (&request, Fault::NoCertificate),
        (&revocations, Fault::NoCertificate),
        (&vec![b' '; 256 * 1024 + 1], Fault::TooLarge),
    ];
    for (bytes, fault) in rows {
        let start = bytes.iter().take(60).copied().collect::<Vec<_>>();
        assert_eq!(found_in(bytes).err(), Some(fault), "{start:?}");
    }
    // An outline of the first version of certificates, which had no version.
    let first = [number.as_slice(), &sequence, &sequence, &sequence, &sequence, &sequence];
    assert!(found_in(&signed(&first)).is_ok());
}

#[test]
fn a_keystore_is_told_from_other_files_by_its_kind() {
    // A PFX of 2 KiB in DER, and one without lengths as older tools write it.
    let long: &[u8] = &[0x30, 0x82, 0x08, 0x00, 0x02, 0x01, 0x03, 0x30, 0x82, 0x07, 0xf0, 0x06];
    let open: &[u8] = &[0x30, 0x80, 0x02, 0x01, 0x03, 0x30, 0x80, 0x06];
    let java: &[u8] = &[0xfe, 0xed, 0xfe, 0xed, 0, 0, 0, 2, 0, 0, 0, 1];
    let secret: &[u8] = &[0xce, 0xce, 0xce, 0xce, 0, 0, 0, 2];
    for (bytes, kind) in [(long, "PKCS #12"), (open, "PKCS #12"), (java, "JKS"), (secret, "JCEKS")] {
        assert_eq!(found_in(bytes).err(), Some(Fault::Keystore(kind)), "{bytes:x?}");
    }
    // A private key (PKCS #8) is a sequence of a version as well.
    let key: &[u8] = &[0x30, 0x82, 0x04, 0xbe, 0x02, 0x01, 0x00, 0x30, 0x0d];
    for other in [key, &[0x30], &[0x30, 0x82], &[0xfe, 0xed, 0xfe]] {
        assert_eq!(found_in(other).err(), Some(Fault::NoCertificate), "{other:x?}");
    }
}

#[test]
fn a_fingerprint_is_read_as_it_is_shown() {
    let shown =
        "AA:06:DD:4F:40:15:1E:63:29:8B:FC:8D:32:F7:EE:B8:FD:A8:CD:A0:D1:82:B0:B3:4F:10:11:B7:AB:6D:0C:07";
    let fingerprint = Fingerprint::parse(shown).unwrap();
    assert_eq!(fingerprint.to_string(), shown);
    assert_eq!(Fingerprint::parse(&shown.replace(':', "").to_lowercase()), Some(fingerprint));
    for text in ["", "AA", &shown[3..], &format!("{shown}:00"), &shown.replace('A', "G")] {
        assert_eq!(Fingerprint::parse(text), None, "{text}");
    }
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_the_reading_fail(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        let _ = found_in(&bytes);
    }

    #[test]
    fn a_certificate_that_was_cut_is_none(at in 0..400_usize) {
        let der = ders().remove(0);
        proptest::prop_assert!(found_in(&der[..at]).is_err());
    }
}
