# Two commands do all the set-up: make run, make test. Needs Python 3.11 or later and nothing else.
PYTHON ?= python3
FORMS ?= forms

# A mistyped setting would be passed over in silence.
settings = PYTHON PORT STORE AT EVENTS DATABASE SENDGRID_ANSWERS FIRESTORE_EMULATOR_HOST PROJECT EVENT SLUG TO URL YES JSON \
	REGION DOMAIN ON_CALL KEY LINK SENDGRID_REGION WORKFORCE_POOL CLAMD OWN_KEY FORMS FORMS_HOST LOCK AUDIT
given = $(foreach one,$(MAKEOVERRIDES),$(if $(findstring =,$(one)),$(firstword $(subst =, ,$(one)))))
unknown = $(filter-out $(settings),$(given))
$(if $(unknown),$(error $(unknown) is not a setting here; the settings are $(settings)))

.PHONY: run test audit check form bench clean lock third-party catalogues status smoke move-deadline send-roster revoke-link new-event event-check
.PHONY: erase-again erase-at-sendgrid

## run              the whole service on this machine (PORT=, AT=, STORE=, EVENTS=, DATABASE=, SENDGRID_ANSWERS=)
## test             all tests, and how long they took
## audit            accessibility of all pages and e-mails, in Chromium (AUDIT=--only=form)
## check            style, types, and which room imports which
## form             the blank form of each event, as PDF and text (EVENTS=, FORMS_HOST=)
## status           what came in, what waits, what failed, the next deadline (PROJECT=)
## smoke            registers a test person, waits for the confirmation, removes the person (URL=, PROJECT=)
## move-deadline    says what would change, asks, and moves a deadline (EVENT=, TO=, PROJECT=, YES=1)
## send-roster      sends the staff the roster: its next version if it changed (EVENT=, PROJECT=)
## new-event        an event file to start from (SLUG=, EVENTS=)
## revoke-link      ends one link of our e-mails, or all of a person's own (LINK=, PROJECT=)
## event-check      the mistakes in event files (EVENTS=, AT=, PROJECT=)
## erase-again      after a restore, erases again whom its input names, a line each (YES=1, PROJECT=)
## erase-at-sendgrid  has SendGrid erase what it keeps of the addresses of its input, or of EVENT= (YES=1, PROJECT=)
##                  these eight: DATABASE= as the run has it, EVENTS=, JSON=1 (for programs)
## deploy-plan      what deploy would do (PROJECT=, REGION=, DOMAIN=, EVENTS=, ON_CALL=, OWN_KEY=, SENDGRID_REGION=)
## deploy           puts the service on Google Cloud, or brings it up to date; settings as above
## deploy-check     which DNS records are set; settings as above
## rotate           changes a key (KEY=, PROJECT=, REGION=, DOMAIN=)
## destroy          takes the service away (PROJECT=, REGION=, DOMAIN=)
## bench-quick      how close a registration is to a bare function, in two minutes
## bench            all measurements, in about half an hour; parts: bench-messages, bench-instances, bench-settings,
##                  bench-counting, bench-growth, bench-people, bench-staff, bench-pages
## lock             requirements*.txt from requirements*.in (LOCK=--upgrade)
## third-party      docs/third-party.md, the licences of all packages
## catalogues       what is said, gathered for those who translate it (docs/translating.md)
## compiled         catalogues and templates as the functions read them; the other commands do it by themselves
## golden           writes the golden files of the tests anew; read the diff
## clean            deletes .venv and all local data
.PHONY: help
help:
	@sed -n 's/^## /  /p' Makefile

run: .venv/run compiled
	.venv/bin/python -m rollcall.local

test: .venv/test compiled tests/node/node_modules
	.venv/bin/python -m pytest --junitxml=bench/results/tests.xml
	.venv/bin/python -m bench.suite

audit: .venv/test compiled tests/node/node_modules
	.venv/bin/python -m tests.node.audit $(AUDIT)

check: .venv/test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports

form: .venv/run compiled
	.venv/bin/python -m rollcall.documents.blank_form $(or $(EVENTS),events) $(FORMS)

# Catalogues and templates as the functions read them: what git does not keep, and what goes up with them.
LOCALES = templates/locales
BABEL = .venv/bin/python -m babel.messages.frontend --quiet
.DELETE_ON_ERROR:
.PHONY: compiled
compiled: $(patsubst %.po,%.mo,$(wildcard $(LOCALES)/*/LC_MESSAGES/rollcall.po)) templates/compiled
	@:
templates/compiled: .venv/run $(wildcard templates/*.py templates/pages/* templates/emails/*)
	@rm -rf $@
	@.venv/bin/python -m templates
%.mo: %.po | .venv/run
	@$(BABEL) compile --input-file $< --output-file $@ --locale $(word 3,$(subst /, ,$@))

# What is marked in code and templates, put into each folder's catalogue; what is gone from there is gone here. How they
# are written stands in pyproject.toml. Of the headers we keep those that say something, and one date, always the same:
# without it each compiled file would hold the minute in which it was made.
catalogues: .venv/run
	@$(BABEL) extract
	@for code in $(notdir $(patsubst %/LC_MESSAGES,%,$(wildcard $(LOCALES)/*/LC_MESSAGES))); do \
		po=$(LOCALES)/$$code/LC_MESSAGES/rollcall.po; \
		$(BABEL) update --init-missing --locale $$code && \
		sed -E -e '1,/^msgid/{/^(#|$$)/d;}' -e '/^"($(NOISE))/d' -e 's/^("POT[^:]*: )[^\]*/\12004-02-02 00:00+0000/' \
			$$po > $$po.new && mv $$po.new $$po || exit 1; done
NOISE = Project-Id|Report-Msgid|PO-Revision|Last-Tr|Language-Team|Generated-By

# What is installed, to the byte, of what the .in files name, for any Python and machine. What is locked stays so:
# LOCK=--upgrade takes the newest of all that is not named there, LOCK='--upgrade-package urllib3' of one.
LOCK ?=
UV = .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" $(LOCK)
lock: .venv/test
	$(UV) --output-file requirements.txt requirements.in
	$(UV) --output-file requirements-dev.txt requirements-dev.in

# The licences of what requirements.txt locks, as the installed packages tell them; after `make lock`.
third-party: .venv/test
	@{ echo '# Packages by others'; echo; \
	echo 'What the functions need at run time: the version that `requirements.txt` locks, and the licence that the package'; \
	echo 'itself names. `make third-party` writes this page, `tests/test_third_party.py` holds it to `requirements.txt`.'; \
	echo; .venv/bin/pip-licenses --format=markdown \
		--packages $$(sed -n 's/^\([a-z0-9.-]*\)==.*/\1/p' requirements.txt); } > docs/third-party.md

# The e-mails and the commands' answers that tests compare, as they are written today: look at the diff.
.PHONY: golden
golden: .venv/test compiled
	.venv/bin/python -m tests.emails.golden
	.venv/bin/python -m tests.ops.golden

# How close to the floor: ratios, measured side by side (bench/__main__.py says what it needs).
.PHONY: bench-quick bench-messages bench-instances bench-settings bench-counting bench-growth bench-people bench-staff
.PHONY: bench-pages
bench: .venv/test compiled
	.venv/bin/python -m bench

bench-quick: .venv/test compiled
	.venv/bin/python -m bench --quick

bench-messages: .venv/run compiled
	.venv/bin/python -m bench.messages

# Each by itself; the last two write the tables of docs/performance.md that are counted and reckoned.
bench-instances bench-settings bench-counting bench-growth bench-people bench-staff bench-pages: .venv/test compiled
	.venv/bin/python -m $(@:bench-%=bench.%)

# For the on-call person, on the local run or, with PROJECT=, the desk at Google (docs/operations.md). What make is
# given, EVENT= and the like, they find in the environment; JSON=1 answers for programs, YES=1 asks nobody.
status smoke move-deadline send-roster revoke-link new-event event-check erase-again erase-at-sendgrid: .venv/run compiled
	@.venv/bin/python -m rollcall.ops $@

# Google Cloud and SendGrid (docs/deploy.md): PROJECT= REGION= DOMAIN=, and ON_CALL=, EVENTS=, SENDGRID_REGION=, WORKFORCE_POOL=, CLAMD=, OWN_KEY=, KEY= (rotate).
.PHONY: deploy deploy-plan deploy-check destroy rotate
deploy deploy-plan deploy-check destroy rotate: .venv/run compiled
	@.venv/bin/python -m deploy $(@:deploy-%=%)

.venv/run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rollcall needs Python 3.11 or later; say where it is: make PYTHON=python3.12")'
	@.venv/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv .venv
	@echo "Installing what requirements.txt names into .venv ..."
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

.venv/test: .venv/run requirements-dev.txt
	@echo "Installing what requirements-dev.txt names into .venv ..."
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

# For the tests that need Node; without it they are left out, and say so.
tests/node/node_modules: tests/node/package-lock.json
	@command -v npm >/dev/null || exit 0; \
	echo "Installing what tests/node/package-lock.json names into tests/node/node_modules ..."; \
	npm ci --prefix tests/node --ignore-scripts --no-audit --no-fund --silent && touch $@ || \
	echo "npm could not install them: the tests that need them are left out."

clean:
	rm -rf .venv .rollcall tests/node/node_modules
