//! Where the rules stand that the docs cite.
//!
//! A rule is cited by page and number. This is where each number leads; the pages are in the repository, in `docs/rules`.
//!
//! | cited as | anchor on the page |
//! |---|---|
//! | callback-domain §6.4, engagement-api-v3 §3.1, callback-administration §4.3 | the number: `callback-domain.md#6.4` |
//! | invariant 28 | [`callback-domain.md#invariant-28`][invariant] |
//! | a worked example such as B10 | [`callback-domain.md#B10`][example] |
//!
//! ## callback-domain
//!
//! What holds for every caller: hours, slots, capacity, life cycle, hand-over, limits.
//!
//! - [§1][d1] The big picture
//! - [§2][d2] Identities and names
//! - [§3][d3] Settings model
//! - [§4][d4] Business hours
//! - [§5][d5] Slots and capacity
//! - [§6][d6] Offering and booking rules
//! - [§7][d7] Life cycle
//! - [§8][d8] Submission, dialling, retries
//! - [§9][d9] Validation and limits
//! - [§10][d10] Expiry and retention
//! - [§11][d11] Engagement API v3 (external)
//! - [§12][d12] GMS-compatible API (internal, used by Designer and legacy callers)
//! - [§13][d13] ORS as neighbour
//! - [§14][d14] URS, Stat Server and EWT
//! - [§15][d15] Authentication, environment, configuration
//! - [§16][d16] Push, CAPTCHA, call-in, statistics
//! - [§17][d17] Metrics, health, alerts
//! - [§18][d18] Sizing arithmetic
//! - [§19][d19] Contradictions found and what to do
//! - [§20][d20] Unknowns (not public)
//! - [§21][d21] Glossary
//! - [§22][d22] Invariants
//! - [§23][d23] Worked examples
//!
//! ## engagement-api-v3
//!
//! What is sent and answered over the Engagement API v3: requests, answers, times, codes.
//!
//! - [§1][e1] Transport
//! - [§2][e2] Response envelope
//! - [§3][e3] Endpoints
//! - [§4][e4] Time
//! - [§5][e5] Differences, open questions, decisions
//! - [§6][e6] Conformance checklist
//!
//! ## callback-administration
//!
//! What administrators set and see: roles, number and capacity rules, credentials, call-in.
//!
//! - [§1][a1] Callback scenarios
//! - [§2][a2] Roles, groups, permissions
//! - [§3][a3] Managing callbacks
//! - [§4][a4] Country and number validation rules
//! - [§5][a5] Capacity rules
//! - [§6][a6] Region Affinity rules
//! - [§7][a7] Monitoring callback queues
//! - [§8][a8] Credentials: push, CAPTCHA, statistics
//! - [§9][a9] Click-To-Call-In
//! - [§10][a10] Developer tab
//! - [§11][a11] Throttling and limits
//! - [§12][a12] Reports
//! - [§13][a13] Localisation, accessibility, browsers
//! - [§14][a14] Open questions
//!
//! [d1]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#1
//! [d2]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#2
//! [d3]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#3
//! [d4]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#4
//! [d5]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#5
//! [d6]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#6
//! [d7]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#7
//! [d8]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#8
//! [d9]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#9
//! [d10]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#10
//! [d11]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#11
//! [d12]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#12
//! [d13]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#13
//! [d14]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#14
//! [d15]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#15
//! [d16]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#16
//! [d17]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#17
//! [d18]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#18
//! [d19]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#19
//! [d20]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#20
//! [d21]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#21
//! [d22]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#22
//! [d23]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#23
//! [e1]: https://github.com/ges-callback/ges/blob/main/docs/rules/engagement-api-v3.md#1
//! [e2]: https://github.com/ges-callback/ges/blob/main/docs/rules/engagement-api-v3.md#2
//! [e3]: https://github.com/ges-callback/ges/blob/main/docs/rules/engagement-api-v3.md#3
//! [e4]: https://github.com/ges-callback/ges/blob/main/docs/rules/engagement-api-v3.md#4
//! [e5]: https://github.com/ges-callback/ges/blob/main/docs/rules/engagement-api-v3.md#5
//! [e6]: https://github.com/ges-callback/ges/blob/main/docs/rules/engagement-api-v3.md#6
//! [a1]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#1
//! [a2]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#2
//! [a3]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#3
//! [a4]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#4
//! [a5]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#5
//! [a6]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#6
//! [a7]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#7
//! [a8]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#8
//! [a9]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#9
//! [a10]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#10
//! [a11]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#11
//! [a12]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#12
//! [a13]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#13
//! [a14]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-administration.md#14
//! [invariant]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#invariant-28
//! [example]: https://github.com/ges-callback/ges/blob/main/docs/rules/callback-domain.md#B10
