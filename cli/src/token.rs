//! `token`: mints tokens for tests and previews, and inspects them.

use std::fs;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use throughline::keys::Purpose;
use throughline::token::jws::{MAX_TOKEN, Unverified};
use throughline::token::{Claims, PreviewClaims, PreviewScope, Verifier, mint, mint_preview};
use throughline::{Millis, Plan, Profile};
use throughline_compiler::source::duration;

use crate::failure::{Failure, say};
use crate::keys::KeyDirectory;
use crate::rules::Rules;

/// The subcommands of `token`.
#[derive(Subcommand)]
pub enum Token {
    /// Mint a profile token with the facts that the rules need
    Mint(Mint),
    /// Mint a preview token, which allows previews and explanations
    Preview(Preview),
    /// Show the claims of a token, and whether it is valid
    Inspect(Inspect),
}

/// The issuer and audience of a token.
#[derive(Args)]
struct Parties {
    /// Directory with the keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Issuer (`iss`)
    #[arg(long, default_value = "throughline")]
    issuer: String,
    /// Audience (`aud`)
    #[arg(long, default_value = "throughline")]
    audience: String,
}

/// Arguments of `token mint`.
#[derive(Args)]
pub struct Mint {
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    parties: Parties,
    /// File with a profile as JSON
    #[arg(long, value_name = "FILE")]
    profile: PathBuf,
    /// Lifetime, such as `30m` or `7d`
    #[arg(long, default_value = "1h", value_parser = length)]
    ttl: Millis,
}

/// Arguments of `token preview`.
#[derive(Args)]
pub struct Preview {
    #[command(flatten)]
    parties: Parties,
    /// Limit the token to `preview` (for links) or `explain` (which decides for other people and times); default: both
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    scopes: Vec<PreviewScope>,
    /// Lifetime, such as `30m` or `7d`
    #[arg(long, default_value = "1h", value_parser = length)]
    ttl: Millis,
}

/// Arguments of `token inspect`.
#[derive(Args)]
pub struct Inspect {
    /// The token
    token: String,
    #[command(flatten)]
    parties: Parties,
}

impl Token {
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Self::Mint(mint) => mint.run(),
            Self::Preview(preview) => preview.run(),
            Self::Inspect(inspect) => inspect.run(),
        }
    }
}

impl Mint {
    fn run(self) -> Result<(), Failure> {
        let plan = Plan::load(&self.rules.compile()?.edge)?;
        let text = fs::read_to_string(&self.profile).map_err(|error| Failure::file(&self.profile, error))?;
        let mut profile: Profile = serde_json::from_str(&text).map_err(|error| Failure::file(&self.profile, error))?;
        let now = now();
        profile.decide_segments(&plan, now);
        let keys = KeyDirectory::open(&self.parties.keys)?.read(Purpose::Token)?;
        let key = keys.signer().ok_or_else(|| Failure::Because("no private token key".to_owned()))?;
        let claims = |facts: &Profile| Claims {
            iss: self.parties.issuer.clone(),
            aud: self.parties.audience.clone(),
            sub: facts.subject.clone(),
            iat: now.seconds(),
            exp: now.plus(self.ttl).seconds(),
            ver: 0,
            facts: facts.clone(),
        };
        let mut facts = profile.project(&plan, now);
        facts.truncate_to_budget(|facts| {
            throughline::token::minted_length(key, &claims(facts)).is_ok_and(|length| length <= MAX_TOKEN)
        });
        for part in &facts.partial {
            anstream::eprintln!("the token is truncated: some of `{part}` did not fit");
        }
        say(mint(key, &claims(&facts))?)
    }
}

impl Preview {
    fn run(self) -> Result<(), Failure> {
        let keys = KeyDirectory::open(&self.parties.keys)?.read(Purpose::Preview)?;
        let key = keys.signer().ok_or_else(|| Failure::Because("no private preview key".to_owned()))?;
        let now = now();
        let claims = PreviewClaims {
            iss: self.parties.issuer,
            aud: self.parties.audience,
            iat: now.seconds(),
            exp: now.plus(self.ttl).seconds(),
            scope: match self.scopes.is_empty() {
                true => PreviewScope::ALL.to_vec(),
                false => self.scopes,
            },
        };
        say(mint_preview(key, &claims)?)
    }
}

impl Inspect {
    /// Prints header, claims and verdict; fails if the token is not valid.
    fn run(self) -> Result<(), Failure> {
        let unverified = Unverified::parse(&self.token, MAX_TOKEN)?;
        let claims: Value = serde_json::from_slice(&unverified.unverified_payload()?)?;
        let header: Value = serde_json::from_str(unverified.header_json())?;
        let keys = KeyDirectory::open(&self.parties.keys)?.read(Purpose::Token)?;
        let verifier = Verifier::new(keys, &self.parties.issuer, &self.parties.audience)?;
        let verdict = verifier.verify::<Profile>(&self.token, now().seconds().saturating_mul(1000));
        let verdict_json = match &verdict {
            Ok(_) => json!({ "good": true }),
            Err(rejection) => json!({ "good": false, "code": rejection.code(), "message": rejection.to_string() }),
        };
        let report = json!({ "header": header, "claims": claims, "bytes": self.token.len(), "verdict": verdict_json });
        say(serde_json::to_string_pretty(&report)?)?;
        verdict.map(drop).map_err(|_| Failure::Reported)
    }
}

fn now() -> Millis {
    Millis(jiff::Timestamp::now().as_millisecond())
}

fn scope(text: &str) -> Result<PreviewScope, String> {
    let found = PreviewScope::ALL.into_iter().find(|scope| scope.name() == text);
    found.ok_or_else(|| "expected `preview` or `explain`".to_owned())
}

fn length(text: &str) -> Result<Millis, String> {
    duration::parse(text).map_err(|error| error.to_string())
}
