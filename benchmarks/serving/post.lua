-- wrk's part: post the bodies of a plan, and print what came of it as JSON, in the last line.
--
--     wrk -t1 -c4 -d10s -s post.lua http://127.0.0.1:5000 -- PLAN
--
-- `plans.py` says what a plan is. Bodies are cut at the step beforehand, so that a request is one concatenation.

local bodies, clients, number = {}, 1, 0

local function cut(line)
   local pieces = {}
   for piece in (line .. "\t"):gmatch("([^\t]*)\t") do pieces[#pieces + 1] = piece end
   return pieces
end

function init(words)
   local lines = io.lines(words[1])
   local head = cut(lines())
   wrk.method, wrk.path, clients = "POST", head[1], tonumber(head[2])
   wrk.headers["Content-Type"] = "application/json"
   for line in lines do bodies[#bodies + 1] = cut(line) end
end

function request()
   local pieces = bodies[number % #bodies + 1]
   local body = table.concat(pieces, tostring(math.floor(number / clients) + 1))
   number = number + 1
   return wrk.format(nil, nil, nil, body)
end

function done(summary, latency)
   local errors = summary.errors
   io.write(string.format(
      '\n{"driver": "wrk", "requests": %d, "seconds": %.6f, "refused": %d, "broken": %d, "p50": %.6f, "p99": %.6f}\n',
      summary.requests, summary.duration / 1e6, errors.status,
      errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
