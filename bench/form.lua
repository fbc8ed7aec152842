-- wrk's script (see bench/load.py): each request is a form of its own, and those answered 201 are counted; without a
-- form, a page is asked for as a browser does, and those answered 200 are.
local form, number, run = os.getenv("FORM"), os.getenv("NUMBER"), os.getenv("RUN")
local threads = {}
local posted = 0
created, refused, first_refusal = 0, 0, ""

local expected = form and 201 or 200

if form then
   wrk.method = "POST"
   wrk.headers["Content-Type"] = "application/json"
else
   wrk.headers["Accept"] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
   wrk.headers["Accept-Encoding"] = "gzip, deflate, br, zstd"
   wrk.headers["Accept-Language"] = "fr-FR,fr;q=0.8,en-US;q=0.5,en;q=0.3"
end

function setup(thread)
   table.insert(threads, thread)
end

function request()
   if not form then return wrk.format() end
   posted = posted + 1
   return wrk.format(nil, nil, nil, (form:gsub(number, string.format("%s%07d", run, posted))))
end

function response(status, headers, body)
   if status == expected then
      created = created + 1
   else
      refused = refused + 1
      if first_refusal == "" then first_refusal = status .. " " .. body end
   end
end

function done(summary, latency, requests)
   local created, refused, first = 0, 0, ""
   for _, thread in ipairs(threads) do
      created, refused = created + thread:get("created"), refused + thread:get("refused")
      first = thread:get("first_refusal")
   end
   local errors = summary.errors
   io.stderr:write(string.format(
      '{"created": %d, "refused": %d, "lost": %d, "seconds": %f, "p50": %f, "p90": %f, "p99": %f}\n%s',
      created, refused, errors.connect + errors.read + errors.write + errors.timeout, summary.duration / 1e6,
      latency:percentile(50) / 1e3, latency:percentile(90) / 1e3, latency:percentile(99) / 1e3, first))
end
