"""The alerts, and the metrics counted from the logs. docs/operations.md has a section for each alert, by its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.place import Place

OURS = "rollcall"
"""Marks a thing as ours: the prefix of its name, or a label (gcloud cannot label an uptime check)."""
PAGE = "docs/operations.md"
LONGEST_WAITING = 600
"""Seconds: by then a first failure and its retry are over (`unknown_waits` in rollcall/desk/limits.py), except for an
e-mail to staff whose sender died: its lease is as long as this. A bound of `AGES`, since percentiles come from the
buckets."""
AGES = [0, 60, 120, 300, LONGEST_WAITING, 900, 1800, 3600, 7200, 14400, 43200, 86400, 345600]
"""Seconds: the buckets of how long an e-mail is overdue. The last is four days, after which it has failed."""
_RETRIED_WITHIN = "3900s"
"""A sweep sees a pending e-mail when it is due again, at least once an hour (`longest_backoff` in
rollcall/desk/limits.py, and a minute until the sweep; less often for unknown ones from the third try on). So a fault at
each try is one incident. The window holds some 65 sweeps: among a hundred, one sighting would not exceed the 99th
percentile."""
_ABSENT_FOR = "600s"
"""A deployment, or a transient fault at Google, may cost one or two runs of a job; not ten."""

_NOT_ERASED_FOR = "3600s"
"""Six calls."""


@dataclass(frozen=True)
class Metric:
    """A metric counted from the logs."""

    name: str
    counts: str
    filter: str
    """Which entries, in the Logging query language (https://cloud.google.com/logging/docs/view/logging-query-language)."""
    value: str = ""
    """The field whose distribution is wanted; without it, entries are counted."""

    @property
    def id(self) -> str:
        """The metric's name at Google."""
        return f"{OURS}_{self.name}"

    def body(self) -> dict[str, Any]:
        """In the API's form (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics)."""
        kind = {"metricKind": "DELTA", "valueType": "DISTRIBUTION" if self.value else "INT64"}
        body = {"description": self.counts, "filter": self.filter, "metricDescriptor": kind}
        if self.value:
            ages = {"explicitBuckets": {"bounds": AGES}}
            body |= {"valueExtractor": f"EXTRACT(jsonPayload.{self.value})", "bucketOptions": ages}
        return body


@dataclass(frozen=True)
class Alert:
    name: str
    """Also the heading of its section in `PAGE`."""
    means: str
    """For the reader of the alert: what it means for registrants, and where to look first."""
    conditions: tuple[Mapping[str, Any], ...]
    """Any of them opens an incident."""
    lasts: bool = True
    """Whether the incident lasts as long as the problem. Otherwise it closes once nothing was seen for a while, and no
    e-mail must say so: people would read it as fixed. Google's default is to send one
    (https://github.com/GoogleCloudPlatform/magic-modules/pull/12052)."""

    def body(self) -> dict[str, Any]:
        """In the API's form, without the channel
        (https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies)."""
        anchor = self.name.lower().replace(" ", "-")
        return {
            "displayName": self.name,
            "combiner": "OR",
            "enabled": True,
            "conditions": list(self.conditions),
            "documentation": {
                "content": f"{self.means}\n\nWhat to do: {PAGE}#{anchor} in the repository, section “{self.name}”.",
                "mimeType": "text/markdown",
            },
            "alertStrategy": {
                "autoClose": "3600s",
                "notificationPrompts": ["OPENED", "CLOSED"] if self.lasts else ["OPENED"],
            },
            "userLabels": {"made-by": OURS},
        }


def _logged(message: str, *more: str) -> str:
    """Our entries with this message. An entry with other fields has `message` in its `jsonPayload`."""
    return " AND ".join(('resource.type="cloud_run_revision"', f'jsonPayload.message="{message}"', *more))


_FRONT = "l7_lb_rule"
"""The load balancer, as Monitoring calls what Logging calls `http_load_balancer`: also in metrics from the logs."""
METRICS = (
    Metric(
        "longest_waiting",
        "How many seconds the oldest pending e-mail was overdue at each sweep",
        _logged("outbox checked"),
        "longest_waiting_seconds",
    ),
    Metric("sweeps", "Sweeps that began", _logged("outbox checked")),
    Metric(
        "circuit_open",
        "Sweeps that found the circuit breaker open",
        _logged("outbox checked", "jsonPayload.circuit_open=true"),
    ),
    Metric("emails_failed", "E-mails that failed", _logged("e-mail attempted", 'jsonPayload.status="failed"')),
    Metric(
        "undelivered",
        "E-mails that bounced or were dropped",
        _logged("delivery event recorded", 'jsonPayload.status=("bounced" OR "dropped")'),
    ),
    # alerts as E-mails failed, after the third day
    Metric(
        "emails_postponed",
        "E-mails postponed, since enough went to one address in a day",
        _logged("e-mail attempted", 'jsonPayload.note="enough went to this address in a day"'),
    ),
    Metric("links_refused", "Links that were damaged, expired or revoked", _logged("link refused")),
    Metric(
        "total_reached", "E-mails that wait since their event sent enough in an hour", _logged("hourly total reached")
    ),
    Metric("closings_missed", "Sweeps that saw an intake open past its deadline", _logged("closing missed")),
    Metric("inbound_refused", "Inbound e-mails that SendGrid did not sign", _logged("inbound e-mail refused")),
    Metric(
        "delivery_events_refused",
        "Delivery events that SendGrid did not sign",
        _logged("delivery events refused"),
    ),
    Metric("kept_without_end", "Events whose personal data nobody may delete", _logged("event kept without end")),
    Metric("faults", "Unexpected faults", _logged("unexpected fault")),
    Metric("store_unavailable", "Calls that found the store unavailable", _logged("store unavailable")),
    Metric(
        "no_instance",
        "Requests that found no free instance",
        # Cloud Run's own entry; no function of ours answers 429. Metrics count it although the logs exclude it
        # (https://cloud.google.com/logging/docs/logs-based-metrics: "regardless of ... exclusion filters")
        'resource.type="cloud_run_revision" AND log_id("run.googleapis.com/requests") AND httpRequest.status=429'
        # private functions are called again, by Eventarc or the next minute's job
        ' AND resource.labels.service_name=("register" OR "receive-email" OR "record-deliveries")',
    ),
    Metric(
        "clients_refused",
        "Requests that Cloud Armor refused",
        # whose, is in the entry, which the logs exclude (https://cloud.google.com/armor/docs/request-logging)
        'resource.type="http_load_balancer" AND jsonPayload.enforcedSecurityPolicy.outcome="DENY"',
    ),
)
"""What is counted in the logs."""


def _threshold(
    name: str,
    of: str,
    above: float,
    *,
    within: str = "300s",
    aligner: str = "ALIGN_DELTA",
    reducer: str = "REDUCE_SUM",
    by: Sequence[str] = (),
    **more: object,
) -> dict[str, Any]:
    """More than `above` (or, with `comparison`, less) within a period."""
    aggregation: dict[str, Any] = {
        "alignmentPeriod": within,
        "perSeriesAligner": aligner,
        "crossSeriesReducer": reducer,
    }
    if by:
        aggregation["groupByFields"] = list(by)
    condition: dict[str, Any] = {
        "filter": of,
        "aggregations": [aggregation],
        "comparison": "COMPARISON_GT",
        "thresholdValue": above,
        "duration": "0s",
        **more,
    }
    return {"displayName": name, "conditionThreshold": condition}


def _absent(name: str, of: str, during: str = _ABSENT_FOR) -> dict[str, Any]:
    """It must have been there once (https://cloud.google.com/monitoring/alerts/metric-absence)."""
    aggregation = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_DELTA", "crossSeriesReducer": "REDUCE_SUM"}
    return {
        "displayName": name,
        "conditionAbsent": {"filter": of, "aggregations": [aggregation], "duration": during},
    }


def _promql(name: str, query: str) -> dict[str, Any]:
    """Without validation, since Google would refuse a metric without points, and counts quotas once a day
    (https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#prometheusquerylanguagecondition)."""
    asked = {"query": " ".join(query.split()), "duration": "0s", "evaluationInterval": "300s"}
    return {"displayName": name, "conditionPrometheusQueryLanguage": {**asked, "disableMetricValidation": True}}


def _counted(metric: str, of: str = "cloud_run_revision") -> str:
    return f'resource.type="{of}" AND metric.type="logging.googleapis.com/user/{OURS}_{metric}"'


def _run(metric: str, *more: str) -> str:
    """A metric of Cloud Run (https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run)."""
    return " AND ".join(('resource.type="cloud_run_revision"', f'metric.type="run.googleapis.com/{metric}"', *more))


def _done(function: str) -> str:
    """Calls that got to their end."""
    return _run("request_count", f'resource.label.service_name="{function}"', 'metric.label.response_code_class="2xx"')


def _outside(metric: str, host: str) -> str:
    return (
        f'resource.type="uptime_url" AND metric.type="monitoring.googleapis.com/uptime_check/{metric}" '
        f'AND resource.label.host="{host}"'
    )


_PER_FUNCTION = ("resource.label.service_name",)
# https://cloud.google.com/monitoring/alerts/using-quota-metrics. A limit of -1 is none; limits per user are not ours.
_USED = """
(max by (service, quota_metric, location) (max_over_time(
    serviceruntime_googleapis_com:quota_allocation_usage{monitored_resource="consumer_quota"}[1d]))
/ min by (service, quota_metric, location) (min_over_time(
    serviceruntime_googleapis_com:quota_limit{monitored_resource="consumer_quota"}[1d]) > 0) > 0.8)
or
(sum by (service, quota_metric, location) (max_over_time(increase(
    serviceruntime_googleapis_com:quota_rate_net_usage{monitored_resource="consumer_quota"}[1m])[10m:1m]))
/ min by (service, quota_metric, location) (min_over_time(
    serviceruntime_googleapis_com:quota_limit{
        monitored_resource="consumer_quota", limit_name=~"(?i).*perminute.*", limit_name!~"(?i).*peruser.*"
    }[1d]) > 0) > 0.8)
"""
"""One query instead of two conditions: Google's pages do not say whether a policy may have two of this kind."""


def alerts(place: Place) -> tuple[Alert, ...]:
    """All alerts. Each calls for a person; what recovers by itself alerts only where it does not."""
    return (
        Alert(
            "E-mail delayed",
            "An e-mail is overdue by more than ten minutes. Nothing is lost: confirmations come late.",
            (
                _threshold(
                    "An e-mail is overdue by more than ten minutes",
                    _counted("longest_waiting"),
                    LONGEST_WAITING,
                    within=_RETRIED_WITHIN,
                    aligner="ALIGN_PERCENTILE_99",
                    reducer="REDUCE_MAX",
                ),
            ),
            lasts=False,
        ),
        Alert(
            "Circuit breaker open",
            "SendGrid accepts no e-mail of ours now: our key, our account or our pace is at fault. All e-mails stay "
            "pending and go out once SendGrid accepts them again. Until then, e-mail cannot reach the staff either.",
            (_threshold("The circuit breaker is open", _counted("circuit_open"), 0),),
        ),
        Alert(
            "E-mails failed",
            "Some e-mails will not arrive. The registrations stand; the staff digest names the people.",
            (
                _threshold("An e-mail failed", _counted("emails_failed"), 0),
                # people mistype some addresses in a hundred; ten bounces in an hour have another cause
                _threshold("More than ten bounced or were dropped", _counted("undelivered"), 10, within="3600s"),
            ),
            lasts=False,
        ),
        Alert(
            "Hourly total reached",
            "An event sent its registrants twice as many e-mails within an hour as people are expected. More wait, and "
            "go out as the hour passes; the staff are told. Somebody may be using the form to write to strangers.",
            (_threshold("An e-mail waits", _counted("total_reached"), 0, within="3900s"),),
            lasts=False,
        ),
        Alert(
            "Closing missed",
            "A deadline passed more than a minute ago, and the intake is not closed. Nobody gets in late: the commit's "
            "time decides. The staff have no roster yet.",
            (_threshold("An intake is past its deadline and not closed", _counted("closings_missed"), 0),),
        ),
        Alert(
            "Inbound e-mail refused",
            "`receive_email` refused an e-mail without SendGrid's signature. If SendGrid did post it, it is lost, and "
            "so is each that follows: SendGrid does not repeat after a 401.",
            (_threshold("An inbound e-mail was refused", _counted("inbound_refused"), 0),),
            lasts=False,
        ),
        Alert(
            "Delivery events refused",
            "`record_deliveries` refused delivery events without SendGrid's signature. If SendGrid did post them, it "
            "repeats them for 24 hours; until then bounces go unseen, and e-mails of unknown result may go out twice.",
            # one is a stranger's; SendGrid, which posts every 30 seconds, makes more
            (_threshold("More than three were refused", _counted("delivery_events_refused"), 3, within="600s"),),
            lasts=False,
        ),
        Alert(
            "Links refused",
            "Many links did not open. If somebody makes them up, nothing is open to them. If they are from our "
            "e-mails, people cannot complete their forms, nor staff open rosters.",
            # old links from old e-mails, which people and mail programs open, are a few
            (_threshold("More than 30 links were refused", _counted("links_refused"), 30, within="600s"),),
            lasts=False,
        ),
        Alert(
            "Functions fail",
            "A function answered 5xx more than three times in five minutes. Nobody got a false confirmation: whoever "
            "got an error may send the form again; e-mails and delivery events are retried.",
            (
                # a job that always fails alerts after four minutes; a single failure does not
                _threshold(
                    "More than three answers 5xx in five minutes",
                    _run("request_count", 'metric.label.response_code_class="5xx"'),
                    3,
                    by=_PER_FUNCTION,
                ),
            ),
            lasts=False,
        ),
        Alert(
            "Unexpected fault",
            "An unexpected fault, most likely ours. Keep its log entries.",
            (_threshold("An unexpected fault", _counted("faults"), 0, within=_RETRIED_WITHIN),),
            lasts=False,
        ),
        Alert(
            "Store unavailable",
            "Firestore or Cloud Storage failed several times. Registrants keep what they typed, and are asked to send "
            "the form again; e-mails in both directions are retried.",
            (_threshold("More than three calls in five minutes", _counted("store_unavailable"), 3),),
        ),
        Alert(
            "Minute jobs stopped",
            "No sweep, or no call of `close-intake`, for ten minutes. New e-mails go out; retries and closings wait.",
            (
                _absent("No sweep", _counted("sweeps")),
                # a metric from the logs may continue as zeros for a while before it ends
                _threshold(
                    "Sweeps fell to none", _counted("sweeps"), 1, within=_ABSENT_FOR, comparison="COMPARISON_LT"
                ),
                _absent("close-intake was not called", _done("close-intake")),
            ),
        ),
        Alert(
            "Erasing stopped",
            "Personal data stays longer than people were promised: for an hour `erase` did not get to its end, or an "
            "event has no file that says until when it is kept. Registrations and e-mails go on.",
            (
                _absent("erase did not get to its end", _done("erase"), _NOT_ERASED_FOR),
                _threshold("An event is kept without end", _counted("kept_without_end"), 0, within=_NOT_ERASED_FOR),
            ),
        ),
        Alert(
            "Quota nearly exhausted",
            "80 % of a quota at Google is used. Nothing fails yet. Request more: that may take a day or two.",
            (_promql("80 % of a quota is used", _USED),),
        ),
        Alert(
            "Instances at their limit",
            "A function has all the instances, or nearly all the memory, that it may have. Refused forms may be sent "
            "again; an inbound e-mail refused with 429 is lost.",
            (
                _threshold("No instance was free", _counted("no_instance"), 0),
                _threshold(
                    "90 % of the memory is used",
                    _run("container/memory/utilizations"),
                    0.9,
                    aligner="ALIGN_PERCENTILE_99",
                    reducer="REDUCE_MAX",
                    by=_PER_FUNCTION,
                ),
            ),
            lasts=False,
        ),
        Alert(
            "Clients refused",
            "Cloud Armor refuses clients that ask more often than they may: a flood, or many people behind one "
            "address. Refused forms may be sent again; SendGrid repeats what it posted.",
            (
                _threshold(
                    "More than 300 requests were refused in five minutes", _counted("clients_refused", _FRONT), 300
                ),
            ),
            lasts=False,
        ),
        Alert(
            "Page unavailable",
            f"https://{place.domain}/register does not answer from several places in the world. Nobody can register.",
            (
                # as Google's console does: more than one place, so that one place's own trouble does not alert
                _threshold(
                    "It does not answer in more than one place",
                    _outside("check_passed", place.domain),
                    1,
                    within="1200s",
                    aligner="ALIGN_NEXT_OLDER",
                    reducer="REDUCE_COUNT_FALSE",
                    by=("resource.label.project_id", "resource.label.host"),
                    duration="60s",
                ),
            ),
        ),
        Alert(
            "Certificate expires",
            f"The certificate of {place.domain} expires in less than 15 days. Google should have renewed it a "
            "month before. Pages work until then.",
            (
                _threshold(
                    "Less than 15 days are left",
                    _outside("time_until_ssl_cert_expires", place.domain),
                    15,
                    within="1200s",
                    aligner="ALIGN_NEXT_OLDER",
                    reducer="REDUCE_MIN",
                    by=("resource.label.host",),
                    duration="600s",
                    comparison="COMPARISON_LT",
                ),
            ),
        ),
    )
