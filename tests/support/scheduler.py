"""What Cloud Scheduler sends."""

from flask import Request
from werkzeug.test import EnvironBuilder

POST = Request(EnvironBuilder(method="POST").get_environ())
