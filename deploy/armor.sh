#!/usr/bin/env bash
# The limit per client, by Cloud Armor before `register`; docs/who-may-do-what.md says why there and why so much.
# PROJECT is the Google Cloud project, BACKEND the load balancer's backend service for `register`.
set -euo pipefail
: "${PROJECT:?say which project: PROJECT=... BACKEND=... deploy/armor.sh}"
: "${BACKEND:?say which backend service: PROJECT=... BACKEND=... deploy/armor.sh}"

gcloud compute security-policies create rollcall --project="$PROJECT" \
    --description="Rollcall: how much one client may ask of the registration form"

# A delegation of 150 behind one address, two presses each, within five minutes: 60 forms a minute.
gcloud compute security-policies rules create 1000 --project="$PROJECT" --security-policy=rollcall \
    --description="60 forms a minute from one address" \
    --expression="request.method == 'POST'" \
    --action=throttle --enforce-on-key=ip \
    --rate-limit-threshold-count=60 --rate-limit-threshold-interval-sec=60 \
    --conform-action=allow --exceed-action=deny-429

# Pages are cheaper, and are opened more often than sent.
gcloud compute security-policies rules create 1100 --project="$PROJECT" --security-policy=rollcall \
    --description="300 requests of any other kind a minute from one address" \
    --src-ip-ranges="*" \
    --action=throttle --enforce-on-key=ip \
    --rate-limit-threshold-count=300 --rate-limit-threshold-interval-sec=60 \
    --conform-action=allow --exceed-action=deny-429

gcloud compute backend-services update "$BACKEND" --project="$PROJECT" --global --security-policy=rollcall
