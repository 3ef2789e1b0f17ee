"""What is done to the timers of one partition in one step, on the server.

KEYS[1] orders them: a sorted set by instant, in microseconds; its members begin with their order of setting, so that
timers of one instant come in that order. KEYS[2] has the member of each timer, by its id, and says whose claim it is.

Both bear a mark: `!` before all members, and `!claim`, which names who filled them. Where a mark is missing, the keys
are not what was written (Redis was emptied, a key was dropped); where it is another's, another process has the
partition by now. A write from anybody but the owner takes the mark away: whoever is the owner then fills them anew.
"""

from typing import Final

from waygrid_shell.adapters.redis.script import Script

_OURS: Final = """
    local function is_ours()
        return redis.call('HGET', KEYS[2], '!claim') == ARGV[1] and redis.call('ZSCORE', KEYS[1], '!') ~= false
    end
"""
_SERVER: Final = """
    local server = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
"""

CLAIM: Final = Script(
    _SERVER
    + """
    redis.call('UNLINK', KEYS[1], KEYS[2])
    redis.call('HSET', KEYS[2], '!claim', ARGV[1])
    redis.call('ZADD', KEYS[1], '-inf', '!')
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
    return server
    """
)
"""Begin anew, with nothing: claim, and for how many milliseconds the keys last. Answers which server it is."""

WRITE: Final = Script(
    _OURS
    + """
    if not is_ours() then
        redis.call('ZREM', KEYS[1], '!')
        return 0
    end
    local function remove(id)
        local member = redis.call('HGET', KEYS[2], id)
        if member then
            redis.call('ZREM', KEYS[1], member)
            redis.call('HDEL', KEYS[2], id)
        end
    end
    local first_removed = 4 + ARGV[3] * 3
    for index = 4, first_removed - 1, 3 do
        local id = ARGV[index]
        remove(id)
        local order = redis.call('HINCRBY', KEYS[2], '!order', 1)
        local member = ARGV[2] .. string.format('%012x', order) .. id .. ' ' .. ARGV[index + 1]
        redis.call('HSET', KEYS[2], id, member)
        redis.call('ZADD', KEYS[1], ARGV[index + 2], member)
    end
    for index = first_removed, #ARGV do
        remove(ARGV[index])
    end
    return 1
    """
)
"""Set and unset: claim, rank of those that are set (a character), how many they are, id, traversal and instant of each,
then the ids to unset. Answers whether it was done."""

DISTURB: Final = Script("return redis.call('ZREM', KEYS[1], '!')")
"""Have the owner fill them anew."""

DUE: Final = Script(
    _OURS
    + """
    if not is_ours() then
        return false
    end
    return redis.call('ZRANGEBYSCORE', KEYS[1], '(-inf', ARGV[2], 'WITHSCORES', 'LIMIT', 0, ARGV[3])
    """
)
"""The first: claim, until when, how many. Answers members, each with its instant; nil if they are not ours."""

SERVER: Final = Script(_SERVER + "return server")
"""Which server it is: another has perhaps not all that was written to the one before."""
