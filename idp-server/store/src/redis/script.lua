-- One call of Tickets::apply, or the part of it that belongs to one slot.
-- KEYS: the key of each operation, in order.
-- ARGV: now and grace in milliseconds, then each operation's letter and its fields.
-- A key is a hash: v value, u its end, t whether it was taken; c count, e its end.
-- Answers one {letter} or {letter, value} per operation.
local now, grace = tonumber(ARGV[1]), tonumber(ARGV[2])
local place, answers = 3, {}

local function field()
  place = place + 1
  return ARGV[place - 1]
end

-- Lets the key live until the moment and the grace after it, by this server's own stopwatch: what
-- its clock says does not matter. Never shortens a life.
local function keep(key, moment)
  local left = math.max(tonumber(moment) - now, 0) + grace
  if redis.call('PTTL', key) < left then
    redis.call('PEXPIRE', key, string.format('%.0f', left))
  end
end

local function is_live(moment)
  return moment and now < tonumber(moment)
end

local operations = {}

function operations.P(key)
  local moment, value = field(), field()
  if is_live(redis.call('HGET', key, 'u')) then
    return {'E'}
  end
  redis.call('HSET', key, 'u', moment, 't', '0', 'v', value)
  keep(key, moment)
  return {'D'}
end

function operations.K(key)
  local ticket = redis.call('HMGET', key, 'u', 't', 'v')
  if is_live(ticket[1]) and ticket[2] == '0' then
    return {'V', ticket[3]}
  end
  return {'U'}
end

function operations.T(key)
  local ticket = redis.call('HMGET', key, 'u', 't', 'v')
  if not is_live(ticket[1]) then
    return {'U'}
  elseif ticket[2] == '0' then
    redis.call('HSET', key, 't', '1')
    return {'V', ticket[3]}
  end
  return {'A', ticket[3]}
end

function operations.C(key)
  local by, moment = tonumber(field()), field()
  local counter = redis.call('HMGET', key, 'c', 'e')
  if is_live(counter[2]) then
    local count = math.min(math.max(tonumber(counter[1]) + by, 0), 9007199254740991)
    local text = string.format('%.0f', count)
    if by ~= 0 then
      redis.call('HSET', key, 'c', text)
    end
    return {'C', text}
  elseif by > 0 then
    local text = string.format('%.0f', by)
    redis.call('HSET', key, 'c', text, 'e', moment)
    keep(key, moment)
    return {'C', text}
  end
  return {'C', '0'}
end

function operations.F(key)
  redis.call('DEL', key)
  return {'D'}
end

for number, key in ipairs(KEYS) do
  answers[number] = operations[field()](key)
end
return answers
