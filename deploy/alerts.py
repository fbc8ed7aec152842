"""What somebody is woken for: what is counted in the logs, and the alerts on that and on Google's own metrics.
docs/operations.md has a section for each alert, under its name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from deploy.place import Place

OURS = "rollcall"
"""What marks a thing as made here: the beginning of its name, or a label (gcloud gives an uptime check none)."""
PAGE = "docs/operations.md"
LONGEST_WAITING = 600
"""Seconds: a first trouble, and the try after it (`unknown_waits` in rollcall/desk/limits.py), are over by then; but
for a mail to staff whose sender died, which has a lease as long as this. It must be a bound of `AGES`, for a
percentile is counted from the buckets."""
AGES = [0, 60, 120, 300, LONGEST_WAITING, 900, 1800, 3600, 7200, 14400, 43200, 86400, 345600]
"""Seconds: the buckets of how long a mail is waited for; the last is four days, after which it has failed anyway."""
_TRIED_WITHIN = "3900s"
"""A sweep sees a mail that waits when it is due again, once an hour at the least (`longest_backoff` in
rollcall/desk/limits.py, with a minute until the sweep; one in doubt, at its third try and later, less often), and what
breaks at each try breaks as often: one incident, not one for each. It holds some 65 sweeps: of a hundred, one sighting
would no longer be above the 99th percentile."""
_NOT_SEEN = "600s"
"""A deployment, or a fault at Google's that passes, may cost a minute's job or two; not ten."""


@dataclass(frozen=True)
class Metric:
    """Something counted in the logs."""

    name: str
    counts: str
    filter: str
    """Which entries: Logging query language (https://cloud.google.com/logging/docs/view/logging-query-language)."""
    value: str = ""
    """The field whose values are distributed, in place of entries being counted."""

    @property
    def id(self) -> str:
        """The metric's name at Google."""
        return f"{OURS}_{self.name}"

    def body(self) -> dict[str, Any]:
        """As the API has it (https://cloud.google.com/logging/docs/reference/v2/rest/v2/projects.metrics)."""
        kind = {"metricKind": "DELTA", "valueType": "DISTRIBUTION" if self.value else "INT64"}
        body = {"description": self.counts, "filter": self.filter, "metricDescriptor": kind}
        if self.value:
            ages = {"explicitBuckets": {"bounds": AGES}}
            body |= {"valueExtractor": f"EXTRACT(jsonPayload.{self.value})", "bucketOptions": ages}
        return body


@dataclass(frozen=True)
class Alert:
    """What somebody is woken for."""

    name: str
    """Also the heading of its section in `PAGE`."""
    means: str
    """For whoever reads the mail: what it is for registrants, and where to look first."""
    conditions: tuple[Mapping[str, Any], ...]
    """Any of them is enough."""
    lasts: bool = True
    """Whether its incident goes on for as long as what it is about. Else it is about something that happened, or is
    seen now and then: it ends when that was not seen for a while, and no mail is to say so: it would be read as mended.
    Where nothing is said of it, Google sends one (https://github.com/GoogleCloudPlatform/magic-modules/pull/12052)."""

    def body(self) -> dict[str, Any]:
        """As the API has it (https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies), without
        whom it tells."""
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


def _said(message: str, *more: str) -> str:
    """Entries of ours with this message. Google puts `message` there where an entry has other fields beside it."""
    return " AND ".join(('resource.type="cloud_run_revision"', f'jsonPayload.message="{message}"', *more))


METRICS = (
    Metric(
        "longest_waiting",
        "How many seconds the longest owed mail had been waited for at each sweep",
        _said("queue looked at"),
        "longest_waiting_seconds",
    ),
    Metric("sweeps", "Sweeps that began", _said("queue looked at")),
    Metric("queue_held", "Sweeps that found the mail queue held", _said("queue looked at", "jsonPayload.held=true")),
    Metric("mails_failed", "Mails that were given up", _said("mail attempted", 'jsonPayload.state="failed"')),
    Metric(
        "undelivered",
        "Mails that bounced or were dropped",
        _said("delivery reported", 'jsonPayload.state=("bounced" OR "dropped")'),
    ),
    Metric("closings_missed", "Sweeps that saw an intake open past its deadline", _said("closing missed")),
    Metric("messages_refused", "E-mails refused that SendGrid did not sign", _said("message refused")),
    Metric("reports_refused", "Delivery reports refused that SendGrid did not sign", _said("delivery reports refused")),
    Metric("faults", "Faults that nobody foresaw", _said("unexpected fault")),
    Metric("store_unavailable", "Calls for which the books could not be reached", _said("store unavailable")),
    Metric(
        "no_instance",
        "Requests that no instance was free for",
        # Cloud Run's own entry; no function of ours answers 429. It is counted though it is excluded below
        # (https://cloud.google.com/logging/docs/logs-based-metrics: "regardless of ... exclusion filters")
        'resource.type="cloud_run_revision" AND log_id("run.googleapis.com/requests") AND httpRequest.status=429'
        # of the private functions it is backpressure: Eventarc and the next minute call again
        ' AND resource.labels.service_name=("register" OR "receive-email" OR "record-deliveries")',
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
    """More than this (or, with `comparison`, less) within so many seconds."""
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


def _absent(name: str, of: str) -> dict[str, Any]:
    """Nothing of it for `_NOT_SEEN`. It must have been there once (https://cloud.google.com/monitoring/alerts/metric-absence)."""
    aggregation = {"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_DELTA", "crossSeriesReducer": "REDUCE_SUM"}
    return {
        "displayName": name,
        "conditionAbsent": {"filter": of, "aggregations": [aggregation], "duration": _NOT_SEEN},
    }


def _promql(name: str, query: str) -> dict[str, Any]:
    """Google would refuse it where a metric has no point yet, and counts quotas once a day: hence no validation
    (https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#prometheusquerylanguagecondition)."""
    asked = {"query": " ".join(query.split()), "duration": "0s", "evaluationInterval": "300s"}
    return {"displayName": name, "conditionPrometheusQueryLanguage": {**asked, "disableMetricValidation": True}}


def _counted(metric: str) -> str:
    return f'resource.type="cloud_run_revision" AND metric.type="logging.googleapis.com/user/{OURS}_{metric}"'


def _run(metric: str, *more: str) -> str:
    """A metric of Cloud Run's (https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run)."""
    return " AND ".join(('resource.type="cloud_run_revision"', f'metric.type="run.googleapis.com/{metric}"', *more))


def _outside(metric: str, host: str) -> str:
    return (
        f'resource.type="uptime_url" AND metric.type="monitoring.googleapis.com/uptime_check/{metric}" '
        f'AND resource.label.host="{host}"'
    )


_PER_FUNCTION = ("resource.label.service_name",)
# https://cloud.google.com/monitoring/alerts/using-quota-metrics. A limit of -1 is none; what is per user is not ours.
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
"""One query, not two conditions: whether a policy may have a second of this kind, Google's pages do not say."""


def alerts(place: Place) -> tuple[Alert, ...]:
    """All alerts. Each leads to something that a person does; what mends itself alerts only where it does not."""
    return (
        Alert(
            "Mail waits",
            "Somebody has been waiting for a mail for more than ten minutes. Nothing is lost: confirmations come late.",
            (
                _threshold(
                    "A mail is waited for more than ten minutes",
                    _counted("longest_waiting"),
                    LONGEST_WAITING,
                    within=_TRIED_WITHIN,
                    aligner="ALIGN_PERCENTILE_99",
                    reducer="REDUCE_MAX",
                ),
            ),
            lasts=False,
        ),
        Alert(
            "Mail queue held",
            "SendGrid takes no mail of ours now: our key, our account or our pace. Every mail is kept and goes out "
            "after the mend; the staff cannot be told by mail meanwhile.",
            (_threshold("The mail queue is held", _counted("queue_held"), 0),),
        ),
        Alert(
            "Mails failed",
            "Mails will not arrive by themselves any more. The registrations stand; the staff are told by mail.",
            (
                _threshold("A mail was given up", _counted("mails_failed"), 0),
                # some addresses in a hundred are mistyped; ten in an hour are not people's typing
                _threshold("More than ten bounced or were dropped", _counted("undelivered"), 10, within="3600s"),
            ),
            lasts=False,
        ),
        Alert(
            "Closing missed",
            "A deadline passed more than a minute ago, and no closing is recorded. Nobody is let in late: the commit's "
            "time decides. The staff have no roster yet.",
            (_threshold("An intake is past its deadline and not closed", _counted("closings_missed"), 0),),
        ),
        Alert(
            "Message refused",
            "An e-mail came to `receive_email` that SendGrid did not sign. If it was SendGrid's after all, it is lost, "
            "and so is each that follows: SendGrid does not send again what was answered 401.",
            (_threshold("A message was refused", _counted("messages_refused"), 0),),
            lasts=False,
        ),
        Alert(
            "Delivery reports refused",
            "Delivery reports come that SendGrid did not sign. If they are SendGrid's after all, it sends them again "
            "for 24 hours; until then bounces are not seen, and mails in doubt may go out twice.",
            # one is somebody who tries the address; SendGrid, which posts every 30 seconds, makes more
            (_threshold("More than three were refused", _counted("reports_refused"), 3, within="600s"),),
            lasts=False,
        ),
        Alert(
            "Functions fail",
            "A function answered 5xx more than three times in five minutes. Nobody was told anything wrong: who got an "
            "error is not registered and may send the form again; mails and reports are tried again.",
            (
                # a minute's job that always fails is seen after four minutes, one that failed once is not
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
            "Something happened that nobody foresaw: most likely a fault of ours. Keep what the log says of it.",
            (_threshold("A fault that nobody foresaw", _counted("faults"), 0, within=_TRIED_WITHIN),),
            lasts=False,
        ),
        Alert(
            "Books cannot be reached",
            "Firestore, or Cloud Storage, did not answer several times. Registrants are told to send the form again, "
            "and keep what they typed; mails and messages are tried again.",
            (_threshold("More than three calls in five minutes", _counted("store_unavailable"), 3),),
        ),
        Alert(
            "Minute jobs stopped",
            "No sweep, or no closing, was seen for ten minutes. New mails still go out; retries, and the next closing, "
            "wait.",
            (
                _absent("No sweep was seen", _counted("sweeps")),
                # a counter in the logs may go on as zeros for a while before it ends
                _threshold("Sweeps fell to none", _counted("sweeps"), 1, within=_NOT_SEEN, comparison="COMPARISON_LT"),
                _absent(
                    "close-intake was not called",
                    _run(
                        "request_count",
                        'resource.label.service_name="close-intake"',
                        'metric.label.response_code_class="2xx"',
                    ),
                ),
            ),
        ),
        Alert(
            "Quota near its end",
            "A quota of Google's is used to 80 %. Nothing fails yet. Ask for more: it may take a day or two.",
            (_promql("A quota, or one a minute, is used to 80 %", _USED),),
        ),
        Alert(
            "Instances at their limit",
            "A function has as many instances as it may, or nearly as much in memory. Forms that are turned away may "
            "be sent again; an e-mail that was refused with 429 is lost.",
            (
                _threshold("No instance was free", _counted("no_instance"), 0),
                _threshold(
                    "Memory is used to 90 %",
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
            "Page cannot be reached",
            f"https://{place.domain}/register does not answer from several places in the world. Nobody can register.",
            (
                # as Google's console makes it: more than one place, so that one place's own trouble is none
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
            "Certificate runs out",
            f"The certificate of {place.domain} ends in less than 15 days and was not renewed (Google does so a month "
            "before). Pages work until then, and not after.",
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
