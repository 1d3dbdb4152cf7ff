//! The committed seeds: they are those that the targets make, each passes through its target, and those that channels would
//! send reach what stands behind the signatures. What a fuzzer found is kept beside them as `found-*`.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "helpers of tests fail as tests do, and say what they did"
)]

use std::{collections::BTreeMap, fs, path::PathBuf};

use payment_core::gateway::{CallbackRejected, VerifiedEvent};
use payment_fuzz::{alipay, contract, paypal, targets, wechat};
use tonic::Code;

fn folder(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target)
}

fn committed(target: &str) -> BTreeMap<String, Vec<u8>> {
    let entries =
        fs::read_dir(folder(target)).expect("a folder of seeds").map(|entry| entry.expect("an entry"));
    let read = entries.map(|entry| {
        let name = entry.file_name().into_string().expect("a name");
        (name, fs::read(entry.path()).expect("a seed"))
    });
    read.collect()
}

/// `PAYMENT_FUZZ_WRITE_SEEDS=1` writes them anew, after a change of the contract for instance.
#[test]
fn the_committed_seeds_are_those_that_the_targets_make() {
    #[expect(clippy::disallowed_methods, reason = "to be written anew is asked for by the environment")]
    let write = std::env::var("PAYMENT_FUZZ_WRITE_SEEDS").is_ok();
    for target in targets::ALL {
        let made: BTreeMap<_, _> = (target.seeds)().into_iter().collect();
        if write {
            fs::create_dir_all(folder(target.name)).expect("a folder");
            for (name, seed) in &made {
                fs::write(folder(target.name).join(name), seed).expect("written");
            }
        }
        let mut committed = committed(target.name);
        committed.retain(|name, _| !name.starts_with("found-"));
        assert!(committed == made, "{}: write the seeds anew (see this test)", target.name);
    }
}

#[test]
fn every_seed_and_every_finding_passes_through_its_target() {
    for target in targets::ALL {
        for (name, seed) in committed(target.name) {
            println!("{}/{name}", target.name);
            (target.run)(&seed);
        }
    }
}

#[test]
fn what_channels_would_send_reaches_what_stands_behind_the_signatures() {
    let refused = |channel: &str, name: &str, read: Result<VerifiedEvent, CallbackRejected>| {
        read.err().map(|rejected| format!("{channel}_event/{name}: {rejected}"))
    };
    let of_wechat = wechat::event_seeds()
        .into_iter()
        .filter_map(|(name, seed)| refused("wechat", &name, wechat::read_event(&seed).expect("an input")));
    let of_alipay = alipay::event_seeds()
        .into_iter()
        .filter_map(|(name, seed)| refused("alipay", &name, alipay::read_event(&seed)));
    let of_paypal = paypal::event_seeds()
        .into_iter()
        .filter_map(|(name, seed)| refused("paypal", &name, paypal::read_event(&seed)));
    assert_eq!(of_wechat.chain(of_alipay).chain(of_paypal).collect::<Vec<_>>(), Vec::<String>::new());
}

/// Answers that leave something open, or refuse; the others are read to their end.
const OPEN: [&str; 7] = [
    "wechat_answer/broken",
    "alipay_answer/certificate",
    "alipay_answer/encrypted",
    "alipay_answer/general",
    "alipay_answer/refused_by_code",
    "alipay_answer/unsigned",
    "paypal_answer/token",
];

#[test]
fn what_channels_would_answer_is_read() {
    let outcomes = [
        ("wechat", wechat::answer_seeds(), wechat::read_answer as fn(&[u8]) -> _),
        ("alipay", alipay::answer_seeds(), alipay::read_answer),
        ("paypal", paypal::answer_seeds(), paypal::read_answer),
    ];
    let mut wrong = Vec::new();
    for (channel, seeds, read) in outcomes {
        for (name, seed) in seeds {
            let (name, read) = (format!("{channel}_answer/{name}"), read(&seed).expect("an input"));
            if read.is_ok() == OPEN.contains(&name.as_str()) {
                wrong.push(format!("{name}: {read:?}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A message that is whole ends at the database that is not there.
#[test]
fn whole_messages_are_decoded_and_admitted() {
    let outcomes: Vec<_> =
        contract::seeds().into_iter().map(|(name, seed)| (name, contract::read(&seed))).collect();
    let admitted = outcomes
        .iter()
        .filter(|(_, outcome)| outcome.as_ref().is_none_or(|(code, _)| *code == Code::Unavailable));
    let admitted = admitted.count();
    assert!(admitted * 2 > outcomes.len(), "{admitted} of {}: {outcomes:#?}", outcomes.len());
    let garbage = contract::read(b"PaymentService/CreatePayment\n\xff\xff\xff").expect("an input");
    assert_eq!(garbage.0, Code::InvalidArgument, "{}", garbage.1);
}

/// What cargo builds and `fuzz/run` runs where nothing is said are these targets.
#[test]
fn every_target_has_its_binary_and_is_run() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let (manifest, script) =
        (fs::read_to_string(folder.join("Cargo.toml")), fs::read_to_string(folder.join("run")));
    let (manifest, script) = (manifest.expect("a manifest"), script.expect("a script"));
    let run = script.split("targets=(").nth(1).and_then(|rest| rest.split(')').next()).expect("a list");
    let run: Vec<_> = run.split_whitespace().collect();
    assert_eq!(run, targets::ALL.map(|target| target.name));
    for target in targets::ALL {
        assert!(manifest.contains(&format!("name = \"{}\"", target.name)), "{}", target.name);
    }
}
