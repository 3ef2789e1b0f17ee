"""What is done to the timers of some partitions in one step, on the server.

Each partition has two keys. The first orders its timers: a sorted set by instant, in microseconds, whose members begin
with their order of setting, so that timers of one instant come in that order. The second has the member of each timer,
by its id, and says whose claim it is. One Redis takes the keys of several partitions together, a Cluster those of one.

Both bear a mark: `!` before all members, and `!claim`, which names who filled them. Where a mark is missing, the keys
are not what was written (Redis was emptied, a key was dropped); where it is another's, another process has the
partition by now. A write from anybody but the owner takes the mark away: whoever is the owner then fills them anew.
"""

from typing import Final

from waygrid_shell.adapters.redis.script import Script

_OURS: Final = """
    local function is_ours(due, known, claim)
        return redis.call('HGET', known, '!claim') == claim and redis.call('ZSCORE', due, '!') ~= false
    end
"""
_SERVER: Final = """
    local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
"""

CLAIM: Final = Script(
    _SERVER
    + """
    for index = 1, #KEYS, 2 do
        local due, known = KEYS[index], KEYS[index + 1]
        redis.call('UNLINK', due, known)
        redis.call('HSET', known, '!claim', ARGV[1])
        redis.call('ZADD', due, '-inf', '!')
        redis.call('PEXPIRE', due, ARGV[2])
        redis.call('PEXPIRE', known, ARGV[2])
    end
    return server
    """
)
"""Begin anew, with nothing: claim, and for how many milliseconds the keys last. Answers which server it is."""

WRITE: Final = Script(
    _OURS
    + """
    local at = 1
    local function take()
        at = at + 1
        return ARGV[at]
    end
    local done = {}
    for index = 1, #KEYS, 2 do
        local due, known = KEYS[index], KEYS[index + 1]
        local function remove(id)
            local member = redis.call('HGET', known, id)
            if member then
                redis.call('ZREM', due, member)
                redis.call('HDEL', known, id)
            end
        end
        local claim, set, unset = take(), tonumber(take()), tonumber(take())
        if is_ours(due, known, claim) then
            for _ = 1, set do
                local id, traversal, instant = take(), take(), take()
                remove(id)
                local order = string.format('%012x', redis.call('HINCRBY', known, '!order', 1))
                local member = ARGV[1] .. order .. id .. ' ' .. traversal
                redis.call('HSET', known, id, member)
                redis.call('ZADD', due, instant, member)
            end
            for _ = 1, unset do
                remove(take())
            end
            done[#done + 1] = 1
        else
            redis.call('ZREM', due, '!')
            at = at + 3 * set + unset
            done[#done + 1] = 0
        end
    end
    return done
    """
)
"""Set and unset: the rank of those that are set (a character); then, for each partition: claim, how many to set, how
many to unset, id, traversal and instant of each to set, the ids to unset. Answers for each whether it was done."""

DISTURB: Final = Script(
    """
    for index = 1, #KEYS, 2 do
        redis.call('ZREM', KEYS[index], '!')
    end
    """
)
"""Have the owners fill them anew."""

DUE: Final = Script(
    _OURS
    + """
    local found = {}
    for index = 1, #KEYS, 2 do
        if is_ours(KEYS[index], KEYS[index + 1], ARGV[2 + (index + 1) / 2]) then
            found[#found + 1] =
                redis.call('ZRANGEBYSCORE', KEYS[index], '(-inf', ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
        else
            found[#found + 1] = false
        end
    end
    return found
    """
)
"""The first: until when, how many, the claim of each. Answers for each members with instants; nil if it is not ours."""

SERVER: Final = Script(_SERVER + "return server")
"""Which server it is: another has perhaps not all that was written to the one before."""
