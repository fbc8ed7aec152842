{# Sends each file as soon as it is chosen, in pieces (rollcall/desk/contribution_ports.py, Uploads.begin), and goes on after a broken connection or a reload; the form then has its token. What cannot be sent so travels with the form. #}
{
  const form = document.querySelector("form[data-uploads]");
  const LARGEST = 50e6, TOGETHER = 25e6, PIECE = 2 ** 21, TRIES = 8, FIRST_TRIES = 4, WAIT = 1000, LONGEST_WAIT = 30000;
  const key = form ? `uploads ${form.dataset.for}` : "", mega = (bytes) => (bytes / 1e6).toLocaleString({{ (spoken.tag ~ "-u-nu-latn") | tojson }}, { maximumFractionDigits: 1, minimumFractionDigits: 1 });
  const sized = (bytes) => bytes < 1e6 ? {{ _("%(count)s kB", count="@") | tojson }}.replace("@", Math.ceil(bytes / 1e3)) : {{ _("%(count)s MB", count="@") | tojson }}.replace("@", mega(bytes));
  {# What is under way, and what arrived, of this tab: a reload finds it again. #}
  const known = () => { try { return JSON.parse(sessionStorage.getItem(key)) ?? {}; } catch { return {}; } };
  const remember = (place, said) => { try { sessionStorage.setItem(key, JSON.stringify({ ...known(), [place]: said })); } catch { /* a reload begins anew */ } };
  const is = (file, said) => said && file.name === said.name && file.size === said.size && file.lastModified === said.modified;
  const later = (wait) => new Promise((go) => { setTimeout(go, wait); addEventListener("online", go, { once: true }); });
  class Refused extends Error {}
  class Gone extends Error {}
  const under = new Map();
  let pressed = null;

  async function begun(file) {
    const answer = await fetch(form.dataset.uploads, { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams({ name: file.name, size: file.size }) });
    const said = await answer.json();
    if (!answer.ok && answer.status < 500 && answer.status !== 429) throw new Refused(said.detail);
    if (!answer.ok) throw new Error(answer.status);
    return { name: file.name, size: file.size, modified: file.lastModified, ...said };
  }
  {# How far it came: with bytes, by these; without, as it stands. #}
  function put(address, range, bytes, row) {
    return new Promise((answer, fail) => {
      const request = row.request = new XMLHttpRequest();
      request.open("PUT", address);
      request.setRequestHeader("Content-Range", range);
      request.upload.onprogress = (event) => row.came(event.loaded);
      request.onload = () => {
        if (request.status === 200 || request.status === 201) return answer(Infinity);
        if (request.status === 308) return answer(Number(/-(\d+)/.exec(request.getResponseHeader("Range") ?? "")?.[1] ?? -1) + 1);
        return fail([408, 429].includes(request.status) || request.status >= 500 ? new Error(request.status) : new Gone());
      };
      request.onerror = request.onabort = request.ontimeout = () => fail(new Error("no answer"));
      request.timeout = bytes ? 300000 : 30000;
      request.send(bytes);
    });
  }

  {# What the server has said of the files counts, and what came with the form is in it. #}
  if (form?.hasAttribute("data-posted")) sessionStorage.removeItem(key);
  for (const field of form?.querySelectorAll("[data-place]") ?? []) {
    const place = field.dataset.place, [input, token, bar, said, again] = ["[type=file]", "[type=hidden]", "progress", "[aria-live]", "button"].map((one) => field.querySelector(one));
    const arrived = field.querySelector(".arrived"), [name, size] = ["bdi", "span"].map((one) => arrived.querySelector(one)), other = field.querySelector("[data-other]");
    const say = (text) => { if (said.textContent !== text) said.textContent = text; };
    const show = (file, its) => {
      [token.value, name.textContent, size.textContent] = [its.token, file.name, sized(file.size)];
      arrived.hidden = false;
      arrived.querySelector("input").checked = false;
      other.textContent = other.dataset.other;
    };
    function done(file, its) {
      show(file, its);
      input.value = "";
      field.querySelector(`#${input.id}-error`)?.remove();
      if (!field.querySelector(".error")) field.classList.remove("wrong");
      remember(place, { ...its, done: true });
      say({{ _("The file has arrived.") | tojson }});
    }
    {# Announced a few times, not at each step. #}
    function progress(file, at) {
      bar.value = at / file.size;
      const quarter = Math.floor(4 * bar.value) * 25;
      say(quarter ? {{ _("%(percent)s%% sent", percent="@") | tojson }}.replace("@", quarter) : {{ _("The file is being sent…") | tojson }});
    }
    async function send(file) {
      if (file.size > LARGEST) { input.value = ""; return say({{ _("A file may have at most 50 MB. Please choose a smaller one.") | tojson }}); }
      let its = is(file, known()[place]) ? known()[place] : null, at = its ? -1 : 0, tries = 0;
      let most = FIRST_TRIES;
      const row = { came: () => {} };
      under.get(place)?.stop();
      const mine = { stop: () => { mine.stopped = true; row.request?.abort(); } };
      under.set(place, mine);
      again.hidden = true;
      bar.hidden = false;
      progress(file, 0);
      while (at < file.size && !mine.stopped) {
        try {
          if (!its) { its = await begun(file); if (mine.stopped) return; remember(place, its); }
          const before = at;
          if (at < 0) {
            row.came = () => {};
            at = await put(its.address, `bytes */${file.size}`, null, row);
          } else {
            const end = Math.min(at + PIECE, file.size);
            row.came = (loaded) => progress(file, before + loaded);
            at = await put(its.address, `bytes ${at}-${end - 1}/${file.size}`, file.slice(at, end), row);
          }
          if (at > before && before >= 0) [tries, most] = [0, TRIES]; else if (before >= 0) tries += 1;
          if (tries >= most) throw new Error("it goes no further");
          if (!mine.stopped) progress(file, Math.min(Math.max(at, 0), file.size));
        } catch (error) {
          if (mine.stopped) return;
          if (error instanceof Refused || ++tries >= most) return given_up(file, error.message, error instanceof Refused);
          if (error instanceof Gone) { [its, at] = [null, 0]; } else { at = its ? -1 : 0; }
          say({{ _("The connection is broken. We try again…") | tojson }});
          await later(Math.min(WAIT * 2 ** (tries - 1), LONGEST_WAIT));
        }
      }
      if (mine.stopped) return;
      ended(place);
      done(file, its);
      follow();
    }
    {# The button was pressed meanwhile. #}
    function follow() {
      if (!pressed || under.size) return;
      const { button } = pressed;
      pressed = null;
      if (button && !button.isConnected) form.append(button);
      form.requestSubmit(button);
    }
    function ended() { under.delete(place); bar.hidden = true; }
    function given_up(file, why, refused) {
      ended();
      again.hidden = refused;
      const fits = !refused && file.size <= TOGETHER;
      if (!fits) pressed = null;
      follow();
      say(refused ? why : fits ? {{ _("This file could not be sent by itself. It is sent with the form when you press Send; or try again now.") | tojson }} : {{ _("This file could not be sent. Please check the connection and try again. What arrived is kept.") | tojson }});
    }
    const begin = () => { const [file] = input.files; if (file) send(file); else { under.get(place)?.stop(); ended(); say(""); } };
    input.addEventListener("change", begin);
    again.addEventListener("click", begin);
    {# After a reload: what arrived stands there again; what is under way goes on with the file that the browser still has, or that is chosen again. #}
    addEventListener("pageshow", () => {
      const its = known()[place];
      if (input.files.length) { if (!under.has(place)) begin(); }
      else if (its && !token.value && its.done) show(its, its);
      else if (its && !token.value && !its.done) say({{ _("“%(name)s” has not arrived completely. Choose it again: it goes on where it stopped.", name="@") | tojson }}.replace("@", its.name));
    });
  }

  form?.addEventListener("submit", (event) => {
    if (!under.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    pressed = { button: event.submitter };
    form.querySelector("[role=status]").textContent = {{ _("A file is still being sent. The form follows by itself.") | tojson }};
  });
  for (const most of form?.querySelectorAll("[data-most]") ?? []) most.textContent = most.dataset.most;
  {# The page after the form. #}
  if (!form) try { for (const one of Object.keys(sessionStorage)) if (one.startsWith("uploads ")) sessionStorage.removeItem(one); } catch { /* there is none */ }
}
