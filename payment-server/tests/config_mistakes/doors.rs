//! Mistakes about who gets in: keys, scopes, operators, encryption. Each as in the table beside it.

/// Each: a change to the valid file, the key that must be named, and words of the problem and of the remedy.
pub(crate) const TABLE: &[(&str, &str, &str, &str, &str)] = &[
    (
        "[callbacks]",
        "[grpc]\nlisten = \"0.0.0.0:50051\"\n[callbacks]",
        "grpc.listen",
        "would cross the network to 0.0.0.0:50051 unencrypted",
        "[grpc.tls]",
    ),
    (
        "[callbacks]",
        "[grpc.tls]\ncertificate_file = \"gone.pem\"\nprivate_key_file = \"gone.key\"\n[callbacks]",
        "grpc.tls.certificate_file",
        "gone.pem: No such file",
        "in order",
    ),
    ("{ id = \"backend\", ", "{ ", "merchants.acme.api_keys[0].id", "is missing", "Name the key"),
    ("00aa\"", "00a\"", "merchants.acme.api_keys[0].sha256", "64 hexadecimal", "generate-api-key"),
    (
        ", scopes = [\"pay\"]",
        "",
        "merchants.acme.api_keys[0].scopes",
        "at least one scope",
        "Write what the key",
    ),
    ("[\"pay\"]", "[]", "merchants.acme.api_keys[0].scopes", "at least one scope", "Write what the key"),
    ("[\"pay\"]", "[\"pey\"]", "merchants.acme.api_keys[0].scopes", "is no scope", "\"operate\""),
    (
        "00cc\" }",
        "00cc\", scopes = [\"pay\"] }",
        "operators.alice.api_keys[0].scopes",
        "is not a key",
        "id, sha256",
    ),
    ("merchants = [\"acme\"]", "", "operators.alice.merchants", "which merchants", "merchants = \"all\""),
    ("[\"acme\"]", "[\"acne\"]", "operators.alice.merchants", "does not exist", "of this configuration"),
    ("[\"acme\"]", "\"every\"", "operators.alice.merchants", "which merchants", "merchants = \"all\""),
    ("[operators.alice]", "[operators.acme]", "operators.acme", "is a merchant's name too", "Rename one"),
];
