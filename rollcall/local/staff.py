"""Who asks for the staff's pages on a laptop: whom the page says. In the cloud Identity-Aware Proxy vouches for it."""

from flask import Blueprint, Request, Response, abort, redirect, request

from handlers.staff import staff
from rollcall.desk.desk import Desk
from templates import render

_COOKIE = "rollcall-staff"


def staff_of_this_machine(desk: Desk) -> Blueprint:
    pages = Blueprint("staff", __name__)
    everybody = sorted({one.address for event in desk.events.values() for one in event.staff})

    @pages.post("/staff-as")
    def choose() -> Response:
        address = request.form.get("address", "")
        if address not in everybody:
            abort(404)
        answer = redirect("/staff/", 303)
        answer.set_cookie(_COOKIE, address, httponly=True, samesite="Strict")
        return answer  # type: ignore[return-value]

    @pages.get("/staff-as")
    def who() -> str:
        return render("local/staff.html", everybody=everybody, chosen=request.cookies.get(_COOKIE))

    return pages


def local_staff(desk: Desk, request: Request) -> Response:
    """The function, for whom the cookie names."""
    address = request.cookies.get(_COOKIE)
    if not address:
        return redirect("/staff-as", 303)  # type: ignore[return-value]
    return staff(desk, lambda _: address, request)
