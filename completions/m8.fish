# fish completion for m8, printed by m8 --generate fish; not to be edited.

# True if the words so far are these.
function __m8_at
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end

# True if the words so far begin with these.
function __m8_in
    set -l words (commandline -opc)
    set -e words[1]
    set -l length (count $argv)
    test (count $words) -ge $length; and test "$words[1..$length]" = "$argv"
end

complete -c m8 -f
complete -c m8 -n __m8_at -l help -d 'show the commands and leave'
complete -c m8 -n __m8_at -l version -d 'show name, version and commit and leave'
complete -c m8 -n '__m8_at' -a lab -d 'a practice target on loopback: a DNS zone and web hosts with known flaws'
complete -c m8 -n '__m8_at' -a bench -d 'dns, http, scan, startup'
complete -c m8 -n '__m8_at bench' -a dns -d 'asmm8 resolve on NSD, against dnsperf'
complete -c m8 -n '__m8_at bench' -a http -d 'target requests against nginx; wrk is the peer'
complete -c m8 -n '__m8_at bench' -a scan -d 'num8 scan on m8 lab: latency, threads, memory'
complete -c m8 -n '__m8_at bench' -a startup -d 'what it costs to start one of our programs'
complete -c m8 -n '__m8_in lab' -l zone -x -d 'the zone to serve'
complete -c m8 -n '__m8_in lab' -l dns-port -x -d 'where DNS answers; 0 picks a free port'
complete -c m8 -n '__m8_in lab' -l port -x -d 'where every web host answers; 0 picks one'
complete -c m8 -n '__m8_in lab' -l hosts -x -d 'add N plain web hosts, on 127.81.0.1 and on'
complete -c m8 -n '__m8_in lab' -l body -x -d 'size of their pages'
complete -c m8 -n '__m8_in lab' -l latency -x -d 'delay every web answer'
complete -c m8 -n '__m8_in lab' -l loss -x -d 'leave DNS queries over UDP unanswered'
complete -c m8 -n '__m8_in lab' -l lie -x -d 'give names a false address'
complete -c m8 -n '__m8_in lab' -l seed -x -d 'which queries are lost and which names false'
complete -c m8 -n '__m8_in lab' -l faults -d 'add hosts that reset, drip, or send garbage'
complete -c m8 -n '__m8_in lab' -l ready-file -r -F -d 'write where it answers, as JSON, once it does'
complete -c m8 -n '__m8_in lab' -l plan -d 'print every name and what to find there, and leave'
complete -c m8 -n '__m8_in lab' -l config -r -F -d 'read settings from this file'
complete -c m8 -n '__m8_in lab' -s v -l verbose -d 'say more on stderr'
complete -c m8 -n '__m8_in lab' -s q -l silent -l quiet -d 'say nothing on stderr but errors'
complete -c m8 -n '__m8_in lab' -o nc -l no-color -d 'no colours'
complete -c m8 -n '__m8_in lab' -s h -l help -d 'show the common flags and leave'
complete -c m8 -n '__m8_in lab' -l help-all -d 'show all flags and leave'
complete -c m8 -n '__m8_in lab' -l version -d 'show name, version and commit and leave'
complete -c m8 -n '__m8_in bench dns' -s n -l repeat -x -d 'how often to measure; the median counts'
complete -c m8 -n '__m8_in bench dns' -l json -d 'one line of JSON with every value instead of the table'
complete -c m8 -n '__m8_in bench dns' -l server -x -d 'a server that has the zone, instead of NSD'
complete -c m8 -n '__m8_in bench dns' -l names -x -d 'names in the zone, each asked once'
complete -c m8 -n '__m8_in bench dns' -l in-flight -x -d 'queries in flight, as dnsperf\'s -q'
complete -c m8 -n '__m8_in bench dns' -l config -r -F -d 'read settings from this file'
complete -c m8 -n '__m8_in bench dns' -s v -l verbose -d 'say more on stderr'
complete -c m8 -n '__m8_in bench dns' -s q -l silent -l quiet -d 'say nothing on stderr but errors'
complete -c m8 -n '__m8_in bench dns' -o nc -l no-color -d 'no colours'
complete -c m8 -n '__m8_in bench dns' -s h -l help -d 'show the common flags and leave'
complete -c m8 -n '__m8_in bench dns' -l help-all -d 'show all flags and leave'
complete -c m8 -n '__m8_in bench dns' -l version -d 'show name, version and commit and leave'
complete -c m8 -n '__m8_in bench http' -s n -l repeat -x -d 'how often to measure; the median counts'
complete -c m8 -n '__m8_in bench http' -l json -d 'one line of JSON with every value instead of the table'
complete -c m8 -n '__m8_in bench http' -l requests -x -d 'requests in each repeat'
complete -c m8 -n '__m8_in bench http' -l config -r -F -d 'read settings from this file'
complete -c m8 -n '__m8_in bench http' -s v -l verbose -d 'say more on stderr'
complete -c m8 -n '__m8_in bench http' -s q -l silent -l quiet -d 'say nothing on stderr but errors'
complete -c m8 -n '__m8_in bench http' -o nc -l no-color -d 'no colours'
complete -c m8 -n '__m8_in bench http' -s h -l help -d 'show the common flags and leave'
complete -c m8 -n '__m8_in bench http' -l help-all -d 'show all flags and leave'
complete -c m8 -n '__m8_in bench http' -l version -d 'show name, version and commit and leave'
complete -c m8 -n '__m8_in bench scan' -s n -l repeat -x -d 'how often to measure; the median counts'
complete -c m8 -n '__m8_in bench scan' -l json -d 'one line of JSON with every value instead of the table'
complete -c m8 -n '__m8_in bench scan' -l dead -x -d 'targets where nobody listens'
complete -c m8 -n '__m8_in bench scan' -l live -x -d 'hosts with large bodies'
complete -c m8 -n '__m8_in bench scan' -l config -r -F -d 'read settings from this file'
complete -c m8 -n '__m8_in bench scan' -s v -l verbose -d 'say more on stderr'
complete -c m8 -n '__m8_in bench scan' -s q -l silent -l quiet -d 'say nothing on stderr but errors'
complete -c m8 -n '__m8_in bench scan' -o nc -l no-color -d 'no colours'
complete -c m8 -n '__m8_in bench scan' -s h -l help -d 'show the common flags and leave'
complete -c m8 -n '__m8_in bench scan' -l help-all -d 'show all flags and leave'
complete -c m8 -n '__m8_in bench scan' -l version -d 'show name, version and commit and leave'
complete -c m8 -n '__m8_in bench startup' -s n -l repeat -x -d 'how often to measure; the median counts'
complete -c m8 -n '__m8_in bench startup' -l json -d 'one line of JSON with every value instead of the table'
complete -c m8 -n '__m8_in bench startup' -l config -r -F -d 'read settings from this file'
complete -c m8 -n '__m8_in bench startup' -s v -l verbose -d 'say more on stderr'
complete -c m8 -n '__m8_in bench startup' -s q -l silent -l quiet -d 'say nothing on stderr but errors'
complete -c m8 -n '__m8_in bench startup' -o nc -l no-color -d 'no colours'
complete -c m8 -n '__m8_in bench startup' -s h -l help -d 'show the common flags and leave'
complete -c m8 -n '__m8_in bench startup' -l help-all -d 'show all flags and leave'
complete -c m8 -n '__m8_in bench startup' -l version -d 'show name, version and commit and leave'
