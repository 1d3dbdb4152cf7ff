//! Where the service is and with which key it is called: flags before environment before profile.
//!
//! The key never stands on the command line, where every process of the machine reads it: it comes from a file or from the
//! environment, and is never printed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use serde::Deserialize;

use crate::{arguments::Connection, failure::Failure};

/// Where the service is without anybody's word.
const ADDRESS: &str = "http://127.0.0.1:50051";

/// Everything that a connection needs.
pub(crate) struct Settings {
    /// `http://` or `https://`, host and port.
    pub(crate) address: String,
    /// The key.
    pub(crate) key: SecretString,
    /// Whose data is meant; empty where the key sees one merchant only.
    pub(crate) merchant: String,
    /// Certificates to trust, PEM, beside none: the system's by default.
    pub(crate) authorities: Option<String>,
    /// Our certificate and its key, PEM, where the service asks for one.
    pub(crate) identity: Option<(String, SecretString)>,
    /// The name in the service's certificate, if it is not the address's.
    pub(crate) server_name: Option<String>,
    /// How long a call may take, in seconds; none for what follows a stream.
    pub(crate) timeout_seconds: Option<u64>,
}

/// One profile of the file.
#[derive(Deserialize, Default, Clone)]
#[serde(deny_unknown_fields)]
struct Profile {
    address: Option<String>,
    key_file: Option<PathBuf>,
    merchant: Option<String>,
    tls_ca_file: Option<PathBuf>,
    tls_certificate_file: Option<PathBuf>,
    tls_key_file: Option<PathBuf>,
    tls_server_name: Option<String>,
}

impl Settings {
    /// What flags, environment and profile say.
    pub(crate) fn resolve(
        flags: &Connection,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, Failure> {
        let from = |name: &str| variable(environment, name).cloned();
        let (profile, folder) = profile(flags, environment)?;
        let in_folder = |path: Option<PathBuf>| path.map(|path| folder.join(path));
        let file = |flag: &Option<PathBuf>, name: &str, of_profile: Option<PathBuf>| {
            flag.clone().or_else(|| from(name).map(PathBuf::from)).or_else(|| in_folder(of_profile))
        };
        let text = |flag: &Option<String>, name: &str, of_profile: Option<String>| {
            flag.clone().or_else(|| from(name)).or(of_profile)
        };
        let key_file = file(&flags.key_file, "PAYMENTCTL_KEY_FILE", profile.key_file);
        let ca_file = file(&flags.tls_ca_file, "PAYMENTCTL_TLS_CA_FILE", profile.tls_ca_file);
        let certificate = file(
            &flags.tls_certificate_file,
            "PAYMENTCTL_TLS_CERTIFICATE_FILE",
            profile.tls_certificate_file,
        );
        let tls_key = file(&flags.tls_key_file, "PAYMENTCTL_TLS_KEY_FILE", profile.tls_key_file);
        Ok(Self {
            address: text(&flags.address, "PAYMENTCTL_ADDRESS", profile.address)
                .unwrap_or_else(|| ADDRESS.to_owned()),
            key: key(flags, key_file, from("PAYMENTCTL_KEY"))?,
            merchant: text(&flags.merchant, "PAYMENTCTL_MERCHANT", profile.merchant).unwrap_or_default(),
            authorities: ca_file.map(|path| read(&path)).transpose()?,
            identity: identity(certificate, tls_key)?,
            server_name: text(&flags.tls_server_name, "PAYMENTCTL_TLS_SERVER_NAME", profile.tls_server_name),
            timeout_seconds: Some(flags.timeout),
        })
    }
}

/// A variable that is empty says nothing.
fn variable<'a>(environment: &'a BTreeMap<String, String>, name: &str) -> Option<&'a String> {
    environment.get(name).filter(|value| !value.is_empty())
}

/// A key file that the flag names is before the environment's key, which is before every other file.
fn key(
    flags: &Connection,
    file: Option<PathBuf>,
    from_environment: Option<String>,
) -> Result<SecretString, Failure> {
    let text = match (file, from_environment) {
        (Some(path), None) => read(&path)?,
        (Some(path), Some(_)) if flags.key_file.is_some() => read(&path)?,
        (_, Some(key)) => key,
        (None, None) => {
            let remedy = "no API key: set PAYMENTCTL_KEY, or name a file that holds it with --key-file, \
                          PAYMENTCTL_KEY_FILE or key_file in a profile";
            return Err(Failure::Usage(remedy.to_owned()));
        }
    };
    Ok(SecretString::from(text.trim().to_owned()))
}

fn identity(
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
) -> Result<Option<(String, SecretString)>, Failure> {
    match (certificate, key) {
        (Some(certificate), Some(key)) => Ok(Some((read(&certificate)?, SecretString::from(read(&key)?)))),
        (None, None) => Ok(None),
        (Some(_), None) | (None, Some(_)) => Err(Failure::Usage(
            "a TLS certificate of ours takes its key, and the key its certificate".to_owned(),
        )),
    }
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
}

/// The profile, and the folder that its paths begin from.
fn profile(
    flags: &Connection,
    environment: &BTreeMap<String, String>,
) -> Result<(Profile, PathBuf), Failure> {
    let named = flags.profile.as_ref().or_else(|| variable(environment, "PAYMENTCTL_PROFILE"));
    let file =
        flags.profiles.clone().or_else(|| variable(environment, "PAYMENTCTL_PROFILES").map(PathBuf::from));
    let is_asked_for = named.is_some() || file.is_some();
    let Some(file) = file.or_else(|| usual_file(environment)) else {
        return Ok((Profile::default(), PathBuf::new()));
    };
    if !is_asked_for && !file.exists() {
        return Ok((Profile::default(), PathBuf::new()));
    }
    let wrong = |problem: String| Failure::Usage(format!("{}: {problem}", file.display()));
    let profiles: BTreeMap<String, Profile> = toml::from_str(&read(&file)?)
        // Without the line's text: somebody may have written the key itself there.
        .map_err(|error| wrong(error.message().to_owned()))?;
    let name = named.map_or("default", String::as_str);
    let folder = file.parent().map(Path::to_owned).unwrap_or_default();
    match profiles.get(name) {
        Some(profile) => Ok((profile.clone(), folder)),
        None if named.is_none() => Ok((Profile::default(), folder)),
        None => Err(wrong(format!("has no profile [{name}]"))),
    }
}

fn usual_file(environment: &BTreeMap<String, String>) -> Option<PathBuf> {
    let configuration = variable(environment, "XDG_CONFIG_HOME").map(PathBuf::from);
    let configuration =
        configuration.or_else(|| variable(environment, "HOME").map(|home| Path::new(home).join(".config")));
    Some(configuration?.join("paymentctl").join("profiles.toml"))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use secrecy::ExposeSecret as _;

    use super::*;
    use crate::arguments::Arguments;

    fn resolved(flags: &[&str], environment: &[(&str, &str)]) -> Result<Settings, Failure> {
        let line = ["paymentctl"].iter().chain(flags).chain(&["job", "list"]);
        let arguments = Arguments::try_parse_from(line).expect("a command line");
        let environment =
            environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::resolve(&arguments.connection, &environment)
    }

    #[test]
    fn flags_come_before_the_environment_and_that_before_the_profile() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("profiles.toml");
        let profile = "[work]\naddress = \"http://profile:1\"\nmerchant = \"acme\"\nkey_file = \"key\"\n";
        fs::write(&file, profile).expect("a file");
        fs::write(folder.path().join("key"), "payk_profile\n").expect("a file");
        let file = file.to_str().expect("a path");
        let settings = resolved(&["--profile", "work", "--profiles", file], &[]).expect("settings");
        assert_eq!((settings.address.as_str(), settings.merchant.as_str()), ("http://profile:1", "acme"));
        assert_eq!(settings.key.expose_secret(), "payk_profile");
        let environment = [
            ("PAYMENTCTL_PROFILES", file),
            ("PAYMENTCTL_PROFILE", "work"),
            ("PAYMENTCTL_KEY", "payk_environment"),
        ];
        let settings = resolved(&["--address", "http://flag:1"], &environment).expect("settings");
        assert_eq!(settings.address, "http://flag:1");
        assert_eq!(settings.key.expose_secret(), "payk_environment");
    }

    #[test]
    fn a_variable_that_is_empty_says_nothing() {
        let empty = ["ADDRESS", "KEY_FILE", "MERCHANT", "PROFILE", "PROFILES"]
            .map(|name| format!("PAYMENTCTL_{name}"));
        let empty = empty.iter().map(|name| (name.as_str(), ""));
        let environment: Vec<_> =
            empty.chain([("PAYMENTCTL_KEY", "payk_x"), ("XDG_CONFIG_HOME", "")]).collect();
        let settings = resolved(&[], &environment).expect("settings");
        assert_eq!((settings.address.as_str(), settings.merchant.as_str()), (ADDRESS, ""));
    }

    #[test]
    fn what_is_missing_or_wrong_is_a_mistake_of_usage() {
        let mistake = |flags: &[&str], environment: &[(&str, &str)]| match resolved(flags, environment) {
            Err(Failure::Usage(text)) => text,
            _ => panic!("no mistake"),
        };
        assert!(mistake(&[], &[]).contains("PAYMENTCTL_KEY"));
        assert!(mistake(&["--key-file", "/nowhere/key"], &[]).contains("/nowhere/key"));
        let key = [("PAYMENTCTL_KEY", "payk_x")];
        assert!(mistake(&["--profiles", "/nowhere/profiles.toml"], &key).contains("profiles.toml"));
        assert!(mistake(&["--tls-key-file", "/nowhere/key"], &key).contains("certificate"));
    }

    #[test]
    fn r29_a_key_in_the_wrong_place_of_a_profile_is_not_repeated() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("profiles.toml");
        fs::write(&file, "[default]\nkey = \"payk_secret\"\n").expect("a file");
        let told = match resolved(&["--profiles", file.to_str().expect("a path")], &[]) {
            Err(failure) => failure.to_string(),
            Ok(_) => panic!("no mistake"),
        };
        assert!(told.contains("key") && !told.contains("payk_secret"), "{told}");
    }
}
