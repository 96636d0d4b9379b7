//! Identifiers: which values name people, and which name nobody.

use throughline::{IdentifierFault, IdentityMode, Plan, Retention, Value, Withdrawal};

use crate::support;

const RULES: &str = r#"
identity:
  mode: claimed
  identifiers:
    email:      { priority: 3, limit: 7, trusted: true }
    phone:      {}
    loyaltyId:  { priority: 2, limit: 1, unique: false, normalise: lowercase }
    user_id:    { limit: 2 }
  blocked: [ "Test@Example.com", { pattern: "^demo-" } ]
policies:
  consent: { default: pending, store: storage, withdrawal: erase }
  retention: { events: 400d, anonymous: 90d }
  addresses: { keep: [ "utm_*", "gclid" ] }
channels: { web: {}, email: { consent: channel.email } }
messages: { hello: { renditions: [ { channel: email, subject: Hello, text: Hello } ] } }
campaigns: { hello: { class: service, topic: news, next: [ { channel: email, message: hello } ] } }
"#;

fn plan() -> Plan {
    support::plan_of_yaml(RULES)
}

#[track_caller]
fn assert_identifier(kind: &str, value: impl Into<Value>, expected: Result<&str, IdentifierFault>) {
    let value = value.into();
    assert_eq!(plan().identifier(kind, &value), expected.map(str::to_owned), "{kind} {value:?}");
}

#[test]
fn types_have_the_declared_limits_and_built_in_defaults() {
    let plan = plan();
    let types: Vec<_> = plan
        .identifier_types()
        .map(|it| (it.name, it.priority, it.limit, [it.is_unique, it.is_trusted, it.is_external]))
        .collect();
    let expected = [
        ("anonymous_id", 100, 100, [true, false, false]),
        ("device", 100, 100, [true, false, false]),
        ("email", 3, 7, [true, true, true]),
        ("loyaltyId", 2, 1, [false, false, true]),
        ("phone", 10, 5, [true, false, true]),
        ("user_id", 1, 2, [true, false, false]),
    ];
    assert_eq!(types, expected);
    let built_in = support::plan_of_yaml("slots: { a: {} }");
    let names: Vec<_> = built_in.identifier_types().map(|it| (it.name, it.limit)).collect();
    assert_eq!(names, [("anonymous_id", 100), ("device", 100), ("user_id", 1)]);
}

#[test]
fn values_are_identifiers_in_their_normal_form() {
    assert_identifier("user_id", "U-1", Ok("U-1"));
    assert_identifier("user_id", Value::Number(1042.0), Ok("1042"));
    assert_identifier("email", " Ann@Example.com", Ok("ann@example.com"));
    assert_identifier("phone", "0043 664 1234567", Ok("+436641234567"));
    assert_identifier("loyaltyId", "AB-7", Ok("ab-7"));
    assert_identifier("account_id", "acme", Ok("acme"));
}

#[test]
fn what_names_nobody_is_no_identifier() {
    assert_identifier("crm_id", "7", Err(IdentifierFault::UnknownType));
    assert_identifier("user_id", Value::Number(9_007_199_254_740_992.0), Err(IdentifierFault::NotText));
    assert_identifier("user_id", Value::Number(0.5), Err(IdentifierFault::NotText));
    assert_identifier("user_id", Value::Bool(true), Err(IdentifierFault::NotText));
    assert_identifier("user_id", "x".repeat(201).as_str(), Err(IdentifierFault::TooLong));
    assert_identifier("user_id", "{{user.id}}", Err(IdentifierFault::Placeholder));
    assert_identifier("account_id", "undefined", Err(IdentifierFault::Placeholder));
    assert_identifier("email", "test@EXAMPLE.com", Err(IdentifierFault::Blocked));
    assert_identifier("user_id", " test@example.com ", Err(IdentifierFault::Blocked));
    assert_identifier("loyaltyId", "DEMO-1", Err(IdentifierFault::Blocked));
    assert_identifier("user_id", "a-demo-1", Ok("a-demo-1"));
    assert_identifier("email", "ann", Err(IdentifierFault::NotEmail));
    assert_identifier("phone", "call me", Err(IdentifierFault::NotPhone));
}

#[test]
fn hosts_ask_the_plan_for_identity_and_privacy() {
    let (plan, usual) = (plan(), support::plan_of_yaml("slots: { a: {} }"));
    let days = |days: i64| Some(throughline::Millis(days * 86_400_000));
    assert_eq!((plan.identity_mode(), plan.withdrawal()), (IdentityMode::Claimed, Withdrawal::Erase));
    assert_eq!(plan.retention(), Retention { events: days(400), anonymous: days(90), deliveries: None });
    assert_eq!((usual.identity_mode(), usual.withdrawal()), (IdentityMode::Proven, Withdrawal::Keep));
    assert_eq!(usual.retention(), Retention::default());
    let named = ["storage", "analytics", "personalization", "channel.email", "channel.email.news", "sale_share"];
    assert!(named.iter().all(|purpose| plan.has_purpose(purpose)));
    assert!(!plan.has_purpose("news") && !plan.has_purpose("vendor-17"));
    let kept = |plan: &Plan| ["utm_source", "gclid", "fbclid", "email"].map(|name| plan.keeps_parameter(name));
    assert_eq!(kept(&plan), [true, true, false, false]);
    assert_eq!(kept(&usual), [true, true, true, false]);
}
