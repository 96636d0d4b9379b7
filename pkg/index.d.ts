/** Throughline in browsers, web views and Node: the same decisions as at the edge, made by the same core. */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Millis = number;
/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
/** The state of consent for a purpose. */
export type Consent = 'granted' | 'denied' | 'pending';
/** The time of an event, and a hash of its id. */
export type Stamp = [at: Millis, id: number];
/** A value, and the stamp of the event that set it. */
export type Stamped<T> = [value: T, at: Millis, id: number];

/** The state of a subject in a journey. */
export interface JourneyState {
  entered: Stamp;
  step: string;
  since: Millis;
  status: 'active' | 'completed' | 'suppressed' | 'exited' | 'converted';
}

/** The part of a profile about an account that the subject belongs to. */
export interface Account {
  /** The last event by which the subject joined. The account joined last is the current one. */
  joined: Stamp;
  traits?: Record<string, Stamped<Json>>;
  counters?: Record<string, (Stamp | [...Stamp, Json])[]>;
  /** The exposures of all members. */
  exposures?: Record<string, Stamp[]>;
  journeys?: Record<string, JourneyState>;
}

/** The state of a subject. */
export interface Profile {
  subject: string;
  traits?: Record<string, Stamped<Json>>;
  consent?: Record<string, Stamped<Consent>>;
  /** Counted events: time, event, and the value of a property if a condition uses one. */
  counters?: Record<string, (Stamp | [...Stamp, Json])[]>;
  exposures?: Record<string, Stamp[]>;
  offers?: Record<string, Stamp>;
  assignments?: Record<string, Stamped<string>>;
  journeys?: Record<string, JourneyState>;
  /** The accounts, by a key derived from their id. */
  accounts?: Record<string, Account>;
  segments?: string[];
  partial?: string[];
}

/** The user agent: `navigator.userAgent`, and the client hints of `navigator.userAgentData`. */
export interface Agent {
  userAgent?: string;
  mobile?: boolean;
  platform?: string;
  formFactors?: string[];
}

/** The facts of a request, page or screen. */
export interface Request {
  /** Built-in and declared request attributes, such as `path` or `deviceType`. */
  attributes?: Record<string, Json>;
  /** Consent given on this device. It takes precedence over the profile's. */
  consent?: Record<string, Consent>;
  /** Whether the browser sends the Global Privacy Control signal. */
  gpc?: boolean;
  /** The user agent, from which `deviceType` and `browser` are derived. */
  agent?: Agent;
  /** Whether a bot sent the request. */
  bot?: boolean;
  /** The channel of the request; `web` if absent. */
  channel?: string;
  /** The subject's locale. */
  locale?: string;
  /** The time at which the consent of this device was given. */
  consentAt?: Millis;
  /** The start of the session. */
  session?: Millis;
  /** The slots to fill; if absent, all slots of the page with the path in `attributes`. */
  slots?: string[];
}

/** An event, in the core's form. */
export interface Event {
  id: string;
  type: 'track' | 'identify' | 'page' | 'screen' | 'group' | 'alias';
  /** The name; `Page Viewed` for a page, `Screen Viewed` for a screen. */
  event?: string;
  /** When it happened. Without it, `timestamp` and `receivedAt` say so. */
  at?: Millis;
  /** When it happened, in any form that the collector reads. */
  timestamp?: string | number;
  /** When it was received, which counts if `timestamp` is absent or cannot be right. */
  receivedAt?: Millis;
  properties?: Record<string, Json>;
  traits?: Record<string, Json>;
  consent?: Record<string, Consent>;
  /** Whether the sender is trusted. Events of browsers are not. */
  trusted?: boolean;
}

/** A call of the Segment specification. */
export interface Call {
  type: Event['type'];
  messageId: string;
  /** When it happened: see "Times" in docs/collector.md. */
  timestamp?: string | number;
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
  userHash?: string;
}

/** The facts of a decision. Absent facts keep their last value. */
export interface Facts {
  /** The time; the clock's time if absent. */
  now?: Millis;
  profile?: Profile;
  request?: Request;
  /** Pending events, which the profile does not contain yet. */
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
  /** The campaign's score, if it has one, and the models that the score uses. */
  score?: number;
  models?: string[];
  html?: string;
  text?: string;
  json?: Json;
}

/** The next action for the subject, in any channel. */
export interface NextAction extends Step {
  campaign: string;
  /** The campaign's score, if it has one, and the models that the score uses. */
  score?: number;
  models?: string[];
  /** The steps to try, in order, if this one is not possible. */
  alternatives?: Step[];
}

/** A message, its channel, and its time. */
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

/** The subject's variation of an experiment. */
export interface Assignment {
  experiment: string;
  variation: string;
  index: number;
  bucket?: number | null;
  sticky: boolean;
}

/** The reason for the state of a slot. */
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

/** A decision: what to show, what to do next, what to record, and the reasons. */
export interface Decision {
  decisionId: string;
  /** The id of the plan that the decision was made with. */
  plan: string;
  subject: string;
  now: Millis;
  /** The filled slots. A slot that is absent keeps its own content. */
  slots: Record<string, Fill>;
  nextAction: NextAction | null;
  assignments: Assignment[];
  /** The events to record when the slots are shown. */
  exposures: Event[];
  reasons: Record<string, Reason>;
  /** Whether the subject allows storage on the device. */
  store: boolean;
  /** Whether the subject allows exposures to be recorded. */
  measure: boolean;
  cacheVariant: string;
}

/** A decision and its trace. */
export interface Explanation {
  decision: Decision;
  trace: Json;
  /** The answer to `whyNot`. */
  whyNot?: WhyNot;
}

/** The facts to explain, and a campaign to ask about. */
export interface Question extends Facts {
  /** A campaign, to explain why it is not shown. */
  whyNot?: string;
  /** The slot of the explanation; if absent, each slot of the campaign, and the next action. */
  slot?: string;
}

/** The reasons why a campaign is not shown. */
export interface WhyNot {
  campaign: string;
  /** Present only if the plan does not contain the campaign. */
  outcome?: 'unknown_campaign';
  slots?: Record<string, Answer>;
  nextAction?: Answer;
}

/** The reason why a campaign is not shown in one slot, or is not the next action. */
export interface Answer {
  outcome: Reason | 'won' | 'not_asked' | 'not_placed' | 'unknown_slot';
  priority?: number;
  /** The first decisive test, with the fact it found and its path in the trace. */
  because?: { path: string; op: string; holds: boolean; [note: string]: Json };
  /** Other decisive details: a cap and its count, a bucket, an offer, a campaign that ranks higher. */
  detail?: Json;
  /** The outcome of each step of a next action. */
  steps?: Json[];
}

/** The sticky assignments of one attribute value, in GrowthBook's form. Their key is `attributeName||attributeValue`. */
export interface StickyDocument {
  attributeName: string;
  attributeValue: string;
  /** Variation keys by `experimentKey__bucketVersion`. */
  assignments: Record<string, string>;
}

/** The options of an evaluation. They must not come from a source that the host does not trust. */
export interface EvaluationOptions {
  /** The address of the page; by default the request's attribute `url`. */
  url?: string;
  /** Switches all experiments off. */
  disabled?: boolean;
  /** Only forced variations are assigned. */
  qaMode?: boolean;
  /** Variation numbers by experiment key. */
  forcedVariations?: Record<string, number>;
  /** Values by feature key. */
  forcedFeatures?: Record<string, Json>;
  /** Whether the query string of the page may force variations. */
  queryOverrides?: boolean;
  /** The documents of sticky assignments; if absent, assignments are not sticky. */
  stickyBuckets?: Record<string, StickyDocument>;
}

/** The result of an experiment for a subject, as in GrowthBook's SDKs. */
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

/** The effects that the host performs after an evaluation. */
export interface Effects {
  /** The experiments that the subject is part of, each once. */
  tracks?: { experiment: Json; result: ExperimentResult }[];
  /** The documents of sticky assignments that have changed. */
  stickyBuckets?: Record<string, StickyDocument>;
}

/** The value of a feature and its source, in the terms of GrowthBook and of OpenFeature. */
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

/** The result of an experiment that pages run automatically. */
export interface ExperimentRun extends Effects {
  id: string;
  experiment: Json;
  result: ExperimentResult;
  /** The address to redirect to. */
  redirect?: string;
}

/** A JWK Set (RFC 7517). */
export interface KeySet {
  keys: (JsonWebKey & { kid?: string; tl?: string })[];
}

/** The options of `load`. */
export interface LoadOptions {
  /** The plan: its address, a response with it, or its bytes. It must be sealed if `keys` are given. */
  plan: string | URL | Response | ArrayBuffer | Uint8Array;
  /** The WebAssembly core; by default the file in this package. */
  wasm?: string | URL | Response | ArrayBuffer | Uint8Array | WebAssembly.Module;
  /** The keys that may sign plans: a JWK Set, or one Ed25519 public key in base64url. Without them the source is trusted. */
  keys?: KeySet | string;
  /** The clock. */
  now?: () => Millis;
}

/**
 * Loads a plan and the core.
 *
 * Rejects with the reason if one of them cannot be fetched, is invalid, or is not signed by one of the keys.
 *
 * @example
 * const throughline = await load({ plan: 'https://shop.example/_tl/plan' });
 * const decision = throughline.decide({ request: { attributes: { path: '/pricing' } } });
 * console.log(decision.slots['pricing.banner']?.html);
 */
export function load(options: LoadOptions): Promise<Throughline>;

/** Converts a call of the Segment specification to an event of the core, which is never trusted. */
export function toEvent(call: Event | Call): Event;

/** A plan, the profile and request of one subject, and the last decision about them. */
export class Throughline {
  private constructor();

  /** The id of the plan. Plans with equal ids are equal. */
  readonly planId: string;
  /** The slots that a page may fill by itself, with the selector of those that have one. */
  readonly slots: Record<string, { selector?: string }>;
  /** The current profile of the subject. */
  readonly profile: Profile;
  /** The last decision. */
  readonly decision: Decision | undefined;
  /** The facts of the request. A change counts from the next decision on. */
  request: Request;

  /**
   * Begins a view (a page or a screen) and decides what it shows.
   *
   * Exposures of the previous view count from now on.
   */
  decide(facts?: Facts): Decision;

  /** Decides without side effects, and explains the decision and, with `whyNot`, why a campaign is not shown. */
  explain(question?: Question): Explanation;

  /** Evaluates a feature, without side effects. A plan for browsers has only public features. */
  evaluate(key: string, options?: Facts & EvaluationOptions): Evaluation;

  /** Evaluates all features, without side effects. */
  evaluateAll(options?: Facts & EvaluationOptions): Record<string, Evaluation>;

  /** Runs the automatic experiments, and the manual one with the key `triggered`, up to the first redirect. */
  experiments(options?: Facts & EvaluationOptions & { triggered?: string }): ExperimentRun[];

  /**
   * Applies events to the profile, and decides again about the same view.
   *
   * Exposures of the view's own decisions count from the next view on, so that a cap never removes content from the page
   * that shows it.
   */
  observe(...events: (Event | Call)[]): Decision;

  /** Merges another profile of the same subject into this one. */
  merge(profile: Profile): void;

  /** Calls back after every decision. Returns a function that ends the subscription. */
  subscribe(listener: (decision: Decision, events: (Event | Call)[]) => void): () => void;

  /** Frees the memory of the plan. */
  free(): void;
}

/** The events that the tag dispatches on `document`, by type. */
export interface TagEvents {
  /** A decision and its source: the core on this page, or the edge. */
  tldata: { decision: Decision; source: 'core' | 'edge' };
  /** A call, as it is sent. */
  tlevent: Call;
  /** The slots are up to date: `slots`, `start`, `event`, `live` or `view` says why. */
  tlrefresh: { reason: string; slots: string[] };
  /** An error. The page stays as it is. */
  tlerror: { message: string };
  /** The explanation of the page's decision, after `debug`. */
  tldebug: Explanation;
}

/** An id: a string, or a whole number below 2^53, which is the same as its digits. */
export type Identifier = string | number | bigint;

/** The proof of an `identify` call. */
export interface IdentifyOptions {
  /** HMAC-SHA-256 of the user id with the site's secret, in lower-case hexadecimal. */
  userHash?: string;
}

/** The options of `track`. */
export interface TrackOptions {
  /** The id under which the event counts once, however often it is sent. */
  messageId?: string;
  /** When it happened, if not now. */
  timestamp?: string | Date;
}

/** The commands of the tag. */
export interface Tag {
  track(event: string, properties?: Record<string, Json>, options?: TrackOptions): void;
  identify(
    ...who:
      | [userId?: Identifier | null, traits?: Record<string, Json>, options?: IdentifyOptions]
      | [traits: Record<string, Json>, options?: IdentifyOptions]
  ): void;
  group(groupId: Identifier, traits?: Record<string, Json>): void;
  alias(userId: Identifier, previousId?: Identifier): void;
  /**
   * Records a page view. Without a name and properties it counts once per address. `path` or `url` among the properties is
   * the address of what is shown now, for rules as well.
   */
  page(name?: string, properties?: Record<string, Json>): void;
  /** Counts at once on this page, even if its cookie cannot be written. */
  consent(states: Record<string, Consent>): void;
  /**
   * Signs the visitor out: at once on this page and in other tabs, also without network.
   *
   * Resolves when the edge has confirmed it or a first attempt has failed. Further attempts follow.
   */
  reset(): Promise<void>;
  /** Decides again about the page. */
  decide(): void;
  /** Fills the slots of a shadow root, too. */
  slots(root: ShadowRoot): void;
  on<Type extends keyof TagEvents>(type: Type, listener: (detail: TagEvents[Type]) => void): void;
  /** Logs all events to the console. */
  debug(on?: boolean): Promise<void>;
}

/** An item of the tag's queue: a command, or a function that gets all commands. */
export type TagItem =
  | { [Name in keyof Tag]: [command: Name, ...args: Parameters<Tag[Name]>] }[keyof Tag]
  | ((tag: Tag) => void);

declare global {
  /** The commands that wait for the tag and, once it has loaded, the tag's queue. */
  var throughline_queue: { push(...items: TagItem[]): void } | undefined;
  /** The settings of the tag, which can also be attributes of its script element. */
  var throughline_config:
    | {
        writeKey?: string;
        apiHost?: string;
        planKey?: string;
        autoPage?: boolean;
        /** Whether routes are in the fragment of the address. */
        hashRoutes?: boolean;
        /** Parameters of addresses that are recorded besides those of campaigns; `*` stands for any characters. */
        keepParameters?: string | string[];
        /** Whether the page follows what servers report while it is open. The edge must have `LIVE=on`. */
        live?: boolean;
      }
    | undefined;
}
