//! The files of deploy/ hold configurations that the server itself reads without a complaint.

use std::{collections::BTreeMap, fs};

use payment_server::config::Config;

use crate::repository::file;

/// Where the files put secrets that the configuration names.
const SECRETS: &str = "/etc/payment/secrets/";

fn read_without_complaint(from: &str, text: &str, environment: &[(&str, &str)]) -> Config {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("database-url"), "postgres://payment@database/payment\n").unwrap();
    let configuration = folder.path().join("payment.toml");
    let here = format!("{}/", folder.path().display());
    fs::write(&configuration, text.replace(SECRETS, &here)).unwrap();
    let environment: BTreeMap<String, String> =
        environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Config::load(&configuration, &environment).unwrap_or_else(|error| panic!("{from}: {error}"))
}

/// The block of text under `key: |`, less its indentation.
fn block<'a>(yaml: &'a str, key: &str) -> Vec<&'a str> {
    let (_, after) = yaml.split_once(&format!("{key}: |\n")).unwrap();
    let indentation = after.len() - after.trim_start().len();
    let inside = |line: &&str| line.trim().is_empty() || line.len() - line.trim_start().len() >= indentation;
    after.lines().take_while(inside).map(|line| line.get(indentation..).unwrap_or("")).collect()
}

#[test]
fn composes_configuration_is_read_without_a_complaint() {
    let compose = file("deploy/docker/compose.yaml");
    assert!(compose.contains("PAYMENT__DATABASE__URL_FILE: /run/secrets/database_url"));
    let environment = [("PAYMENT__DATABASE__URL", "postgres://payment@postgres/payment")];
    let config = read_without_complaint("compose", &file("deploy/docker/payment.toml"), &environment);
    for port in [config.grpc.listen.port(), config.callbacks.listen.port(), config.admin.listen.port()] {
        assert!(file("deploy/docker/Dockerfile").contains(&port.to_string()), "EXPOSE {port}");
    }
}

#[test]
fn kubernetes_configuration_is_read_without_a_complaint_and_its_ports_are_the_pods() {
    let text = block(&file("deploy/kubernetes/configuration.yaml"), "payment.toml").join("\n");
    let config = read_without_complaint("kubernetes", &text, &[]);
    let pod = file("deploy/kubernetes/server.yaml");
    for (name, port) in [
        ("grpc", config.grpc.listen.port()),
        ("callbacks", config.callbacks.listen.port()),
        ("admin", config.admin.listen.port()),
    ] {
        assert!(pod.contains(&format!("name: {name}, containerPort: {port}")), "{name} {port}");
    }
}

/// What is killed before its grace is over was killed too early.
#[test]
fn every_supervisor_waits_longer_than_the_servers_grace() {
    let text = block(&file("deploy/kubernetes/configuration.yaml"), "payment.toml").join("\n");
    let grace = read_without_complaint("kubernetes", &text, &[]).shutdown.grace.as_secs();
    for (path, before) in [
        ("deploy/kubernetes/server.yaml", "terminationGracePeriodSeconds: "),
        ("deploy/systemd/payment-server.service", "TimeoutStopSec="),
        ("deploy/docker/compose.yaml", "stop_grace_period: "),
    ] {
        let text = file(path);
        let (_, after) = text.split_once(before).unwrap();
        let seconds: String = after.chars().take_while(char::is_ascii_digit).collect();
        assert!(seconds.parse::<u64>().unwrap() > grace, "{path}: {before}{seconds}, the grace is {grace}");
    }
}

/// The lists in square brackets that follow `key` in a text, and what stands behind `key=` in a unit.
fn command_lines(text: &str) -> Vec<Vec<String>> {
    let lists = ["CMD ", "command: ", "args: "].iter().flat_map(|key| {
        text.lines().filter_map(move |line| line.trim().strip_prefix(key)?.strip_prefix('['))
    });
    let listed = lists.map(|list| {
        let words = list.split(']').next().unwrap().split(',');
        words.map(|word| word.trim().trim_matches('"').to_owned()).collect()
    });
    let executed = text.lines().filter_map(|line| {
        let (key, command) = line.split_once('=')?;
        let command = command.strip_prefix("/usr/local/bin/payment-server ")?;
        key.starts_with("Exec").then(|| command.split(' ').map(str::to_owned).collect())
    });
    listed.chain(executed).collect()
}

#[test]
fn every_command_that_starts_a_server_is_understood() {
    for (path, expected) in [
        ("deploy/docker/Dockerfile", 1),
        ("deploy/docker/compose.yaml", 1),
        ("deploy/kubernetes/migrate.yaml", 1),
        ("deploy/kubernetes/server.yaml", 1),
        ("deploy/systemd/payment-server.service", 3),
    ] {
        let commands = command_lines(&file(path));
        let ours: Vec<_> = commands.iter().filter(|command| command[0] != "postgres").collect();
        assert_eq!(ours.len(), expected, "{path}: {commands:?}");
        for command in ours {
            let words = ["payment-server"].into_iter().chain(command.iter().map(String::as_str));
            let understood = payment_server::command_line::check(words.map(Into::into));
            assert_eq!(understood, Ok(()), "{path}: {command:?}");
        }
    }
}
