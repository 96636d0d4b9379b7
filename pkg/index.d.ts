/** Throughline in browsers, webviews and Node: the same decisions as at the edge, by the same core. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number;
/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** What a person said about a purpose. */
export type Consent = 'granted' | 'denied' | 'pending';
/** The time of an event, and a hash of its id. */
export type Stamp = [at: Millis, id: number];
/** A value, and the stamp of the event that set it. */
export type Stamped<T> = [value: T, at: Millis, id: number];

/** How far a subject is in a journey. */
export interface JourneyState {
  entered: Stamp;
  step: string;
  since: Millis;
  status: 'active' | 'completed' | 'suppressed' | 'exited' | 'converted';
}

/** What is known of an account that a subject belongs to. */
export interface Account {
  /** The last event that says so: of several accounts it is the last one. */
  joined: Stamp;
  traits?: Record<string, Stamped<Json>>;
  counters?: Record<string, (Stamp | [...Stamp, Json])[]>;
  /** What its members saw. */
  exposures?: Record<string, Stamp[]>;
  journeys?: Record<string, JourneyState>;
}

/** What is known of a subject. */
export interface Profile {
  subject: string;
  traits?: Record<string, Stamped<Json>>;
  consent?: Record<string, Stamped<Consent>>;
  /** What is remembered of counted events: when, which, and the value of a property if a condition asks for one. */
  counters?: Record<string, (Stamp | [...Stamp, Json])[]>;
  exposures?: Record<string, Stamp[]>;
  offers?: Record<string, Stamp>;
  assignments?: Record<string, Stamped<string>>;
  journeys?: Record<string, JourneyState>;
  /** By keys that stand for the accounts' ids. */
  accounts?: Record<string, Account>;
  segments?: string[];
  partial?: string[];
}

/** What a browser says that it is: `navigator.userAgent`, and of `navigator.userAgentData` what is known. */
export interface Agent {
  userAgent?: string;
  mobile?: boolean;
  platform?: string;
  formFactors?: string[];
}

/** What is known of the request, page or screen. */
export interface Request {
  /** Built-in and declared request attributes, such as `path` or `deviceType`. */
  attributes?: Record<string, Json>;
  /** Consent given on this device; newer than the profile's. */
  consent?: Record<string, Consent>;
  /** Whether the browser forbids sale and sharing. */
  gpc?: boolean;
  /** What the browser says that it is; `deviceType` and `browser` follow from it. */
  agent?: Agent;
  /** Whether a program asks. */
  bot?: boolean;
  /** The channel that asks; `web` if absent. */
  channel?: string;
  /** The locale that the person reads. */
  locale?: string;
  /** When the session began. */
  session?: Millis;
  /** The slots to fill; if absent, all of the page with the path in `attributes`. */
  slots?: string[];
}

/** What happened, in the core's form. */
export interface Event {
  id: string;
  type: 'track' | 'identify' | 'page' | 'screen' | 'group' | 'alias';
  /** The name; `Page Viewed` for a page, `Screen Viewed` for a screen. */
  event?: string;
  at: Millis;
  properties?: Record<string, Json>;
  traits?: Record<string, Json>;
  consent?: Record<string, Consent>;
  /** Whether the sender is one of ours. */
  trusted?: boolean;
}

/** A call of the Segment specification. */
export interface Call {
  type: Event['type'];
  messageId: string;
  timestamp: string | Millis;
  event?: string;
  name?: string;
  category?: string;
  userId?: string;
  anonymousId?: string;
  groupId?: string;
  previousId?: string;
  properties?: Record<string, Json>;
  traits?: Record<string, Json>;
  context?: Record<string, Json>;
}

/** What a decision is about. What is absent is as it was. */
export interface Facts {
  /** The time; the clock's if absent. */
  now?: Millis;
  profile?: Profile;
  request?: Request;
  /** What the profile does not know yet. */
  events?: (Event | Call)[];
}

/** The content of a slot: one of `html`, `text` and `json`. */
export interface Fill {
  campaign: string;
  message: string;
  class: 'promo' | 'service' | 'transactional';
  offer?: string;
  locale?: string;
  variation?: string;
  /** What the campaign's score came to, where it has one, and the models that it names. */
  score?: number;
  models?: string[];
  html?: string;
  text?: string;
  json?: Json;
}

/** What should happen next for the subject, in whatever channel. */
export interface NextAction extends Step {
  campaign: string;
  /** What the campaign's score came to, where it has one, and the models that it names. */
  score?: number;
  models?: string[];
  /** What to do if this turns out not to be possible, in order. */
  alternatives?: Step[];
}

/** What is said where and when. */
export interface Step {
  channel: string;
  message: string;
  at: Millis;
  until?: Millis;
  subject?: string;
  html?: string;
  text?: string;
  json?: Json;
}

/** The arm of an experiment that the subject is in. */
export interface Assignment {
  experiment: string;
  variation: string;
  index: number;
  bucket?: number | null;
  sticky: boolean;
}

/** Why a slot is as it is. */
export type Reason =
  | 'filled'
  | 'no_candidate'
  | 'bot'
  | 'consent_missing'
  | 'condition_false'
  | 'outside_schedule'
  | 'holdout'
  | 'excluded'
  | 'suppressed'
  | 'cooling_down'
  | 'capped'
  | 'offer_conflict'
  | 'already_seen'
  | 'outranked'
  | 'no_rendition'
  | 'role_mismatch'
  | 'unreachable'
  | 'quiet_hours'
  | 'too_late';

/** The result: what to show, what to do next, what to record, and why. */
export interface Decision {
  decisionId: string;
  /** The id of the plan that decided. */
  plan: string;
  subject: string;
  now: Millis;
  /** The filled slots; a slot that is not here keeps its own content. */
  slots: Record<string, Fill>;
  nextAction: NextAction | null;
  assignments: Assignment[];
  /** What to record when the slots are shown. */
  exposures: Event[];
  reasons: Record<string, Reason>;
  /** Whether the subject allows anything to be kept on the device. */
  store: boolean;
  /** Whether the subject allows exposures to be recorded. */
  measure: boolean;
  cacheVariant: string;
}

/** A decision and how it came about. */
export interface Explanation {
  decision: Decision;
  trace: Json;
  /** The answer to `whyNot`. */
  whyNot?: WhyNot;
}

/** What to ask an explanation for. */
export interface Question extends Facts {
  /** A campaign: why does it not show? */
  whyNot?: string;
  /** In this slot; if absent, in each slot that the campaign is for, and as the next action. */
  slot?: string;
}

/** Why a campaign does not show. */
export interface WhyNot {
  campaign: string;
  /** Only if the plan has no such campaign. */
  outcome?: 'unknown_campaign';
  slots?: Record<string, Answer>;
  nextAction?: Answer;
}

/** Why a campaign does not show in one place. */
export interface Answer {
  outcome: Reason | 'won' | 'not_asked' | 'not_placed' | 'unknown_slot';
  priority?: number;
  /** The first test that decided, with the fact that it found and the way to it in the trace. */
  because?: { path: string; op: string; holds: boolean; [note: string]: Json };
  /** What else decided: a cap and what it counted, a bucket, an offer, what ranks higher. */
  detail?: Json;
  /** What became of each step of a next action. */
  steps?: Json[];
}

/** Kept assignments of one value of one attribute, in GrowthBook's form; their key is `attributeName||attributeValue`. */
export interface StickyDocument {
  attributeName: string;
  attributeValue: string;
  /** Keys of variations by `key of the experiment__version of the buckets`. */
  assignments: Record<string, string>;
}

/** What a host says about an evaluation. Nothing of it may come from somebody whom the host does not trust. */
export interface EvaluationOptions {
  /** The page; by default the request's attribute `url`. */
  url?: string;
  /** No experiment assigns anybody. */
  disabled?: boolean;
  /** Only forced variations count. */
  qaMode?: boolean;
  /** Numbers of variations by the key of their experiment. */
  forcedVariations?: Record<string, number>;
  /** Values by the key of their feature. */
  forcedFeatures?: Record<string, Json>;
  /** The query string of the page may force variations. */
  queryOverrides?: boolean;
  /** The documents of kept assignments; if absent, assignments are not kept. */
  stickyBuckets?: Record<string, StickyDocument>;
}

/** A subject's part in an experiment, as GrowthBook's SDKs tell it. */
export interface ExperimentResult {
  key: string;
  featureId: string | null;
  inExperiment: boolean;
  hashUsed: boolean;
  variationId: number;
  value: Json;
  hashAttribute: string;
  hashValue: Json;
  stickyBucketUsed: boolean;
  name?: string;
  bucket?: number;
  passthrough?: boolean;
  leafId?: Json;
  variationWeights?: Json;
  banditVersion?: Json;
}

/** What a host has to record after an evaluation. */
export interface Effects {
  /** Experiments that the subject is part of, each once. */
  tracks?: { experiment: Json; result: ExperimentResult }[];
  /** The documents of kept assignments that have changed. */
  stickyBuckets?: Record<string, StickyDocument>;
}

/** The value of a feature and where it comes from: GrowthBook's result, and OpenFeature's. */
export interface Evaluation extends Effects {
  key: string;
  value: Json;
  on: boolean;
  off: boolean;
  source:
    | 'unknownFeature'
    | 'defaultValue'
    | 'force'
    | 'override'
    | 'experiment'
    | 'prerequisite'
    | 'cyclicPrerequisite';
  ruleId: string;
  experiment?: Json;
  experimentResult?: ExperimentResult;
  variant?: string;
  reason: 'STATIC' | 'DEFAULT' | 'TARGETING_MATCH' | 'SPLIT' | 'DISABLED' | 'ERROR';
  errorCode?: 'FLAG_NOT_FOUND' | 'GENERAL';
  flagMetadata: Record<string, string | number | boolean>;
}

/** What an experiment that pages run by themselves gave. */
export interface ExperimentRun extends Effects {
  id: string;
  experiment: Json;
  result: ExperimentResult;
  /** The page to go to instead. */
  redirect?: string;
}

/** A JWK Set (RFC 7517). */
export interface KeySet {
  keys: (JsonWebKey & { kid?: string; tl?: string })[];
}

/** What to load. */
export interface LoadOptions {
  /** The plan: its address, the answer of a request for it, or its bytes; sealed or, without `keys`, bare. */
  plan: string | URL | Response | ArrayBuffer | Uint8Array;
  /** The core; by default the file in this package. */
  wasm?: string | URL | Response | ArrayBuffer | Uint8Array | WebAssembly.Module;
  /** Who may sign plans: a JWK Set, or one Ed25519 public key in base64url. Without it the source is trusted. */
  keys?: KeySet | string;
  /** The clock. */
  now?: () => Millis;
}

/**
 * Loads a plan and the core.
 *
 * Rejects with the reason if one of them cannot be fetched, is not what it should be, or is not signed by one of the keys.
 */
export function load(options: LoadOptions): Promise<Throughline>;

/** The event, in the core's form, that a call of the Segment specification describes. Never trusted. */
export function toEvent(call: Event | Call): Event;

/** A plan, what is known of one subject, and what was decided about them. */
export class Throughline {
  private constructor();

  /** Equal ids, equal plans. */
  readonly planId: string;
  /** The slots that a page may fill by itself, with the selector of those that pages do not name. */
  readonly slots: Record<string, { selector?: string }>;
  /** What is known of the subject by now. */
  readonly profile: Profile;
  /** The last decision. */
  readonly decision: Decision | undefined;
  /** What is known of the request; a change counts from the next decision on. */
  request: Request;

  /**
   * Begins a view (a page, a screen) and decides what it shows.
   *
   * What the view before has shown counts from now on.
   */
  decide(facts?: Facts): Decision;

  /** Decides without any consequence, and tells how it came about; if asked, why a campaign does not show. */
  explain(question?: Question): Explanation;

  /** Evaluates a feature, without any consequence. A plan for browsers has only public features. */
  evaluate(key: string, asked?: Facts & EvaluationOptions): Evaluation;

  /** Evaluates all features. */
  evaluateAll(asked?: Facts & EvaluationOptions): Record<string, Evaluation>;

  /** Runs the experiments that pages run by themselves, and one that waits to be triggered, up to the first redirect. */
  experiments(asked?: Facts & EvaluationOptions & { triggered?: string }): ExperimentRun[];

  /**
   * Takes notice of what happened, and decides again about the same view.
   *
   * Exposures of the view's own decisions count from the next view on: nothing talks itself off the page that shows it.
   */
  observe(...events: (Event | Call)[]): Decision;

  /** Adds what somebody else knows of the same subject. */
  merge(profile: Profile): void;

  /** Calls back after every decision; answers how to end that. */
  subscribe(listener: (decision: Decision, events: (Event | Call)[]) => void): () => void;

  /** Gives the plan's memory back. */
  free(): void;
}

/** What the tag tells on `document`, by the type of the event. */
export interface TagEvents {
  /** A decision, and who made it: the core on this page, or the edge. */
  tldata: { decision: Decision; source: 'core' | 'edge' };
  /** A call, as it is sent. */
  tlevent: Call;
  /** The slots are up to date. */
  tlrefresh: { reason: string; slots: string[] };
  /** What did not work; the page stays as it is. */
  tlerror: { message: string };
  /** The explanation of the page's decision, after `debug`. */
  tldebug: Explanation;
}

/** The commands of the tag. */
export interface Tag {
  track(event: string, properties?: Record<string, Json>): void;
  identify(...who: [userId?: string, traits?: Record<string, Json>] | [traits: Record<string, Json>]): void;
  group(groupId: string, traits?: Record<string, Json>): void;
  alias(userId: string, previousId?: string): void;
  /** Without a name and properties it counts once for each address. */
  page(name?: string, properties?: Record<string, Json>): void;
  consent(states: Record<string, Consent>): void;
  /** Somebody else begins. */
  reset(): Promise<void>;
  /** Decides the page again. */
  decide(): void;
  on<Type extends keyof TagEvents>(type: Type, listener: (detail: TagEvents[Type]) => void): void;
  /** Says everything on the console. */
  debug(on?: boolean): Promise<void>;
}

/** What a page hands to the tag: a command, or a function that gets all of them. */
export type TagItem =
  | { [Name in keyof Tag]: [command: Name, ...words: Parameters<Tag[Name]>] }[keyof Tag]
  | ((tag: Tag) => void);

declare global {
  /** What waits for the tag, and then the tag's own queue. */
  var throughline_queue: { push(...items: TagItem[]): void } | undefined;
  /** What the attributes of the tag's script element can say, too. */
  var throughline_config: { writeKey?: string; apiHost?: string; planKey?: string; autoPage?: boolean } | undefined;
}
