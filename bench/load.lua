-- Requests of one scenario for wrk; see api.sh. Scenario, path prefix and token file come from the environment.
local scenario = os.getenv("SCENARIO")
local prefix = os.getenv("PREFIX") or ""
local list = prefix .. "/items?select=*,status:statuses(id,name)&order=created_at.desc&limit=25"
local tokens = {}
for line in io.lines(os.getenv("TOKENS")) do tokens[#tokens + 1] = line end

local threads = 0
function setup(thread)
  threads = threads + 1
  thread:set("number", threads)
end

local count = 0
function init()
  math.randomseed(1000 + number)
  count = number * 7
end

local function bearer() return "Bearer " .. tokens[count % #tokens + 1] end

local make = {
  get_one = function() return wrk.format("GET", prefix .. "/items?id=eq." .. math.random(1, 10000)) end,
  list25 = function() return wrk.format("GET", list) end,
  list25_jwt = function() return wrk.format("GET", list, { ["Authorization"] = bearer() }) end,
  list25_count = function()
    return wrk.format("GET", list .. "&offset=" .. 25 * math.random(0, 10), { ["Prefer"] = "count=exact" })
  end,
  post_insert = function()
    local body = string.format('{"name":"Bench row %d","price":12.5,"status_id":%d}', count, count % 5 + 1)
    local headers = {
      ["Authorization"] = bearer(), ["Content-Type"] = "application/json", ["Prefer"] = "return=minimal",
    }
    return wrk.format("POST", prefix .. "/intake", headers, body)
  end,
  rpc = function()
    local body = string.format('{"item_id":%d,"quantity":3}', math.random(1, 10000))
    return wrk.format("POST", prefix .. "/rpc/item_quote", { ["Content-Type"] = "application/json" }, body)
  end,
}

function request()
  count = count + 1
  return make[scenario]()
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %.2f %.2f %d\n", summary.requests, summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    errors.status + errors.timeout + errors.connect + errors.read + errors.write))
end
