//! The content of plans.

use throughline::internals::plan::tables::{
    Attribute, AttributeFlags, Campaign, CandidateIndex, Channel, Constant, Counter, CounterFlags, EventValues,
    Experiment, Exposure, ExprOp, Journey, Message, Part, Placement, Segment, SegmentFlags, SettingsFlags, Slot, Step,
    TemplateFilter, Variation,
};
use throughline::internals::plan::{Id, Op, PlanError, Span};
use throughline::{Facts, Millis, Plan, Value, decide};
use throughline_compiler::{Options, Source, compile};

use crate::support;

fn everything() -> String {
    support::source(&support::path("tests/rules/everything.yaml")).text
}

fn names<R: throughline::internals::plan::row::Row + 'static>(
    plan: &Plan,
    text: impl Fn(&R) -> Id<throughline::internals::plan::tables::Text>,
) -> Vec<String> {
    plan.rows(plan.all::<R>()).map(|(_, row)| plan.text(text(&row)).to_owned()).collect()
}

fn template(plan: &Plan, parts: Span<Part>) -> String {
    let part = |part: Part| match part.term.and_then(|id| plan.get(id)) {
        None => part.text.map(|text| plan.text(text)).unwrap_or_default().to_owned(),
        Some(term) if term.op == ExprOp::Attribute => {
            let row = plan.get(Id::<Attribute>::new(term.a)).unwrap();
            format!("[{}|{}]", plan.text(row.name), part.detail)
        }
        Some(term) => format!("[{}|{}]", TemplateFilter::from_number(term.a).unwrap().name(), part.detail),
    };
    plan.rows(parts).map(|(_, row)| part(row)).collect()
}

#[test]
fn every_construct_stands_in_the_edge_plan() {
    let plan = support::edge(&everything());
    assert!(!plan.settings().flags.contains(SettingsFlags::PUBLIC));
    assert_eq!(names::<Slot>(&plan, |row| row.id), ["home.hero", "promo.bar", "app.card", "account.offer"]);
    assert_eq!(names::<Channel>(&plan, |row| row.id), ["email", "push", "web", "whatsapp"]);
    assert_eq!(names::<Journey>(&plan, |row| row.id), ["cart", "secret-journey"]);
    assert_eq!(plan.count::<Campaign>(), 5);
    assert_eq!(plan.count::<Step>(), 3);
    let exposures = names::<Exposure>(&plan, |row| row.key);
    let expected = [
        "all",
        "all@web",
        "campaign:another-bar",
        "campaign:pricing-intent",
        "class:promo",
        "class:promo@email",
        "class:promo@whatsapp",
        "class:service",
        "message:bar",
        "message:hero",
        "message:reminder",
        "offer:demo-call",
        "seen:hero",
        "slot:account.offer",
        "slot:promo.bar",
    ];
    assert_eq!(exposures, expected);
    let counters = names::<Counter>(&plan, |row| row.key);
    assert!(counters.is_sorted() && counters.len() == 10, "{counters:?}");
    assert_eq!(names::<EventValues>(&plan, |row| row.name), ["seen"]);
}

#[test]
fn segments_come_after_those_that_they_use_and_unused_ones_are_left_out() {
    let plan = support::edge(&everything());
    let segments = names::<Segment>(&plan, |row| row.id);
    let place = |id: &str| segments.iter().position(|known| known == id);
    assert!(place("valuable") < place("best") && place("best").is_some(), "{segments:?}");
    assert_eq!(place("unused"), None);
    let carried: Vec<String> = plan
        .rows(plan.all::<Segment>())
        .filter(|(_, row)| row.flags.contains(SegmentFlags::CARRIED))
        .map(|(_, row)| plan.text(row.id).to_owned())
        .collect();
    assert_eq!(carried, ["valuable"], "only what reads what never leaves the collector is carried");
}

#[test]
fn the_token_carries_what_pages_need_and_nothing_else() {
    let plan = support::edge(&everything());
    let carried = |plan: &Plan| -> Vec<String> {
        let rows = plan.rows(plan.all::<Attribute>()).filter(|(_, row)| row.flags.contains(AttributeFlags::EDGE));
        rows.map(|(_, row)| plan.text(row.name).to_owned()).collect()
    };
    let wanted =
        ["firstName", "intent", "loyalty.tier", "pushToken", "seen", "support.open", "whatsappReady", "timezone"];
    assert_eq!(carried(&plan), wanted);
    let declared = names::<Attribute>(&plan, |row| row.name);
    assert!(declared.contains(&"email".to_owned()), "a closed attribute is known, so that it stays closed");
    let events = |edge: bool| -> Vec<String> {
        let rows = plan.rows(plan.all::<Counter>()).filter(|(_, row)| row.flags.contains(CounterFlags::EDGE) == edge);
        let mut events: Vec<String> = rows.map(|(_, row)| plan.text(row.event).to_owned()).collect();
        events.sort();
        events
    };
    let of_pages = ["Guide Downloaded", "Order Completed", "Order Completed", "Page Viewed", "Product Viewed"];
    assert_eq!(events(true), of_pages);
    let of_journeys = ["Product Added", "Product Added", "Product Removed", "Secret End", "Secret Event"];
    assert_eq!(events(false), of_journeys, "times that only journeys need stay in the collector");
}

#[test]
fn placements_are_sorted_by_priority_and_then_by_id() {
    let plan = support::edge(&everything());
    let hero = plan.get(Id::<Slot>::new(0)).unwrap();
    let campaigns: Vec<String> = plan
        .rows(plan.get(hero.candidates).unwrap().placements)
        .map(|(_, row)| plan.text(plan.get(row.campaign).unwrap().id).to_owned())
        .collect();
    assert_eq!(campaigns, ["another-bar", "bar", "pricing-intent"]);
}

#[test]
fn templates_are_cut_into_parts_with_the_escape_of_their_place() {
    let plan = support::edge(&everything());
    let bodies: Vec<Vec<String>> = plan
        .rows(plan.all::<Message>())
        .map(|(_, row)| plan.rows(row.renditions).map(|(_, row)| template(&plan, row.body)).collect())
        .collect();
    let names = names::<Message>(&plan, |row| row.id);
    let of = |name: &str| &bodies[names.iter().position(|known| known == name).unwrap()];
    assert_eq!(of("hero")[0], r#"<h1 title="[loyalty.tier|1]">Hello [default|1]</h1>"#);
    assert_eq!(of("hero")[2], "<h1><a href='/p/[firstName|2]?q=[firstName|2]'>BOLD</a></h1>");
    assert_eq!(of("hero")[3], "secret-rendition [firstName|0]");
    assert_eq!(of("card")[0], r#"{"title":"Hello \"[firstName|3]\"","list":[1,true,null,[]],"more":{}}"#);
    assert_eq!(of("reminder")[2], "<p>[email|1] [margin|1]</p>");
}

#[test]
fn bucket_ranges_are_growthbooks() {
    let plan = support::edge(&everything());
    let experiment = plan.rows(plan.all::<Experiment>()).next().unwrap().1;
    let ranges: Vec<(f64, f64)> =
        plan.rows(experiment.variations).map(|(_, row): (_, Variation)| (row.from, row.to)).collect();
    assert_eq!(ranges, [(0.0, 0.4), (0.5, 0.9)], "coverage 0.8 leaves a gap after each variation");
}

#[test]
fn nothing_private_stands_in_the_public_plan() {
    let yaml = everything();
    let bytes = support::plans(&[Source::new("rules.yaml", yaml.as_str())]).public;
    let text = String::from_utf8_lossy(&bytes);
    let private = [
        "secret",
        "account",
        "email",
        "margin",
        "valuable-never",
        "whatsapp",
        "push",
        "reminder",
        "Product",
        "nudge",
        "settle",
        "lapsed",
        "cartSize",
        "journey",
        "Ten minutes",
        "unused",
    ];
    for word in private {
        assert!(!text.contains(word), "`{word}` stands in the public plan");
    }
    let edge = support::plans(&[Source::new("rules.yaml", yaml.as_str())]).edge;
    let edge = String::from_utf8_lossy(&edge);
    for word in ["secret-html", "secret-campaign", "secret-journey", "account", "reminder", "nudge"] {
        assert!(edge.contains(word), "`{word}` is a bad probe: it is not in the edge plan either");
    }
}

#[test]
fn the_public_plan_has_what_public_slots_need() {
    let plan = support::public(&everything());
    assert!(plan.settings().flags.contains(SettingsFlags::PUBLIC));
    assert_eq!(names::<Slot>(&plan, |row| row.id), ["home.hero", "promo.bar", "app.card"]);
    assert_eq!(names::<Campaign>(&plan, |row| row.id), ["another-bar", "bar", "best-card", "pricing-intent"]);
    assert_eq!(names::<Message>(&plan, |row| row.id), ["bar", "card", "hero"]);
    assert_eq!(names::<Channel>(&plan, |row| row.id), ["web"]);
    assert_eq!(names::<Segment>(&plan, |row| row.id), ["valuable", "best", "high-intent"]);
    assert_eq!(plan.count::<Step>(), 0);
    assert!(plan.rows(plan.all::<Campaign>()).all(|(_, row)| row.next.is_empty()));
    let journeys = names::<Journey>(&plan, |row| row.id);
    assert_eq!(journeys, ["cart"], "a journey that a public condition reads is known by its name");
}

#[test]
fn both_plans_decide_public_slots_alike() {
    let yaml = everything();
    let facts: Facts = serde_json::from_str(
        r#"{ "now": 1796000000000,
             "profile": { "subject": "p1", "segments": ["valuable"],
               "traits": { "firstName": ["Ann", 1, 1], "loyalty": [{"tier": "gold"}, 1, 1] } },
             "request": { "attributes": { "path": "/app/cart/" }, "consent": { "personalization": "granted" } } }"#,
    )
    .unwrap();
    let [edge, public] = [support::edge(&yaml), support::public(&yaml)].map(|plan| decide(&plan, &facts).into_owned());
    assert_eq!(edge.slots.get("app.card").unwrap().message, "card");
    assert_eq!(edge.slots.get("app.card").unwrap().content, public.slots.get("app.card").unwrap().content);
    assert_eq!(edge.slots.get("promo.bar").unwrap().content, public.slots.get("promo.bar").unwrap().content);
}

#[test]
fn pages_are_named_by_globs() {
    let slot = |glob: &str| {
        let yaml = format!("slots: {{ s: {{ pages: [\"{glob}\"] }} }}");
        let plan = support::edge(&yaml);
        move |path: &str| {
            let row = plan.get(Id::<Slot>::new(0)).unwrap();
            row.pages.is_none_or(|pages| plan.is_match(pages, path))
        }
    };
    let cases = [
        ("/", "/", true),
        ("/", "/pricing", false),
        ("/pricing", "/pricing", true),
        ("/pricing", "/pricing/", true),
        ("/pricing/", "/pricing", true),
        ("/pricing", "/pricing/more", false),
        ("/pricing", "/a/pricing", false),
        ("/p.x", "/pax", false),
        ("/products/*", "/products/shoe", true),
        ("/products/*", "/products/shoe/", true),
        ("/products/*", "/products/", false),
        ("/products/*", "/products/shoe/red", false),
        ("/products/shoe-*", "/products/shoe-", true),
        ("/products/shoe-*", "/products/shoe-red", true),
        ("/blog/**", "/blog", true),
        ("/blog/**", "/blog/a/b/c", true),
        ("/blog/**", "/blogs", false),
        ("/**/buy", "/buy", true),
        ("/**/buy", "/a/b/buy", true),
        ("/**", "/anything/at/all", true),
        ("**", "/anything", true),
        ("/größe", "/größe", true),
    ];
    for (glob, path, expected) in cases {
        assert_eq!(slot(glob)(path), expected, "{glob} on {path}");
    }
}

#[test]
fn speed_shortens_waits_and_times_to_live() {
    let sources = [Source::new("rules.yaml", everything())];
    let plan = compile(&sources, Options { speed: 60.0 }).plans.unwrap();
    let plan = Plan::load(&plan.edge).unwrap();
    let steps: Vec<(Millis, Millis)> = plan.rows(plan.all::<Step>()).map(|(_, row)| (row.wait, row.ttl)).collect();
    assert_eq!(steps[0], (Millis(10_000), Millis::MAX));
    assert_eq!(steps[1], (Millis(0), Millis(60_000)));
    assert_eq!(steps[2].1, Millis::MAX, "for ever stays for ever");
}

#[test]
fn an_inserted_value_stays_a_value() {
    let yaml = everything();
    let plan = support::edge(&yaml);
    let hostile = r#"</h1><script>alert("1")</script>'{{x}}"#;
    let mut facts = Facts::default();
    facts.profile.subject = "p1".to_owned();
    facts.request.slots = Some(vec!["app.card".to_owned()]);
    let stamped = throughline::Stamped::new(Value::from(hostile), throughline::Stamp::new(Millis(1), "e"));
    facts.profile.traits.insert("firstName".to_owned(), stamped);
    let tier: Value = serde_json::from_str(r#"{"tier":"gold"}"#).unwrap();
    let stamped = throughline::Stamped::new(tier, throughline::Stamp::new(Millis(1), "e"));
    facts.profile.traits.insert("loyalty".to_owned(), stamped);
    facts.profile.segments.insert("valuable".to_owned());
    let decision = decide(&plan, &facts);
    let body = &decision.slots.get("app.card").unwrap().content.body;
    let data: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(data["title"], format!("Hello \"{hostile}\""));
}

#[test]
fn sections_that_are_longer_than_the_plan_together_are_refused() {
    let mut plan = support::plans(&[Source::new("rules.yaml", everything())]).edge;
    let whole = u32::try_from(plan.len() / 4 * 4).unwrap();
    // The lists, the third section, claim to have an entry more.
    plan[32..36].copy_from_slice(&0_u32.to_le_bytes());
    plan[36..40].copy_from_slice(&whole.to_le_bytes());
    assert_eq!(Plan::load(&plan).unwrap_err(), PlanError::Truncated);
}

/// The example of `src/plan/tables/candidate_index.rs`.
#[test]
fn the_worked_example_of_the_candidate_index_is_true() {
    let yaml = "
attributes:
  tier: { type: string, source: request }
  hour: { type: number, source: request }
  spend: { type: number, source: request }
channels: { web: }
slots: { home.hero: }
messages: { m: { renditions: [ { channel: web, html: Hello } ] } }
campaigns:
  gold: { class: promo, priority: 40, slots: { home.hero: m }, when: { tier: gold } }
  upgrade: { class: promo, priority: 30, slots: { home.hero: m }, when: { tier: { $in: [silver, gold] } } }
  cart: { class: promo, priority: 20, slots: { home.hero: m }, when: { $event: { name: Product Added }, hour: { $gt: 18 } } }
  coupon: { class: promo, priority: 10, slots: { home.hero: m }, when: { $event: { name: Product Added }, spend: { $gt: 100 } } }
  welcome: { class: promo, priority: 0, slots: { home.hero: m } }
";
    let (_, outcome) = support::outcome(yaml);
    let plan = Plan::load(&outcome.plans.unwrap().edge).unwrap();
    let index: CandidateIndex = plan.get(plan.get(Id::<Slot>::new(0)).unwrap().candidates).unwrap();
    let name = |id: Id<Placement>| plan.text(plan.get(plan.get(id).unwrap().campaign).unwrap().id);
    let names = |ids| plan.list(ids).map(name).collect::<Vec<&str>>();
    assert_eq!(index.placements.iter().map(name).collect::<Vec<_>>(), ["gold", "upgrade", "cart", "coupon", "welcome"]);
    assert_eq!(names(index.always), ["welcome"]);
    let attributes: Vec<_> = plan.rows(index.attributes).map(|(_, row)| row).collect();
    let [tier] = attributes.as_slice() else { panic!("{attributes:?}") };
    assert_eq!(plan.text(plan.get(tier.attribute).unwrap().name), "tier");
    let value = |id: Id<Constant>| plan.text(plan.get(id).unwrap().text);
    let mut postings: Vec<_> =
        plan.rows(tier.postings).map(|(_, row)| (value(row.constant), names(row.placements))).collect();
    postings.sort_unstable();
    assert_eq!(postings, [("gold", vec!["gold", "upgrade"]), ("silver", vec!["upgrade"])]);
    let conditions: Vec<_> = plan.rows(index.conditions).map(|(_, row)| names(row.placements)).collect();
    assert_eq!(conditions, [["cart", "coupon"]]);
    let condition = plan.rows(index.conditions).next().map(|(_, row)| plan.get(row.node).unwrap()).unwrap();
    assert!(condition.kind() == Op::Count && condition.op.shared, "{condition:?}");
}

#[test]
fn a_public_campaign_keeps_its_condition_on_the_step_of_a_journey() {
    let plan = support::public(
        "channels: { web: , sms: }\n\
         slots: { a: { public: true } }\n\
         messages: { m: { renditions: [ { channel: web, html: x }, { channel: sms, text: x } ] } }\n\
         journeys: { j: { class: service, enter: { event: A }, steps: [ { id: s, send: m, channels: [sms] } ] } }\n\
         campaigns: { c: { class: service, when: { $journey: { id: j, step: s } }, slots: { a: m } } }",
    );
    assert!(plan.rows(plan.all::<Campaign>()).all(|(_, row)| row.when.is_some()));
    assert!(decide(&plan, &Facts::default()).slots.is_empty(), "nobody is at the step");
}
