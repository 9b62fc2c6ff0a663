# fish completion for asmm8, printed by asmm8 --generate fish; not to be edited.

# True if the words so far are these.
function __asmm8_at
    set -l words (commandline -opc)
    set -e words[1]
    test "$words" = "$argv"
end

# True if the words so far begin with these.
function __asmm8_in
    set -l words (commandline -opc)
    set -e words[1]
    set -l length (count $argv)
    test (count $words) -ge $length; and test "$words[1..$length]" = "$argv"
end

complete -c asmm8 -f
complete -c asmm8 -n __asmm8_at -l help -d 'show the commands and leave'
complete -c asmm8 -n __asmm8_at -l version -d 'show name, version and commit and leave'
complete -c asmm8 -n '__asmm8_at' -a enum -d 'find the hostnames of domains'
complete -c asmm8 -n '__asmm8_at' -a resolve -d 'resolve names in bulk'
complete -c asmm8 -n '__asmm8_in enum' -s d -l domain -x -a '(__fish_print_hostnames)' -d 'domains to enumerate'
complete -c asmm8 -n '__asmm8_in enum' -s l -o dL -l list -r -F -d 'file of domains, one a line'
complete -c asmm8 -n '__asmm8_in enum' -s w -l wordlist -r -F -d 'words to try under each domain'
complete -c asmm8 -n '__asmm8_in enum' -l strict-wildcard -d 'drop every name that has only its wildcard\'s records'
complete -c asmm8 -n '__asmm8_in enum' -o oJ -l json -l jsonl -d 'one JSON record per name'
complete -c asmm8 -n '__asmm8_in enum' -s o -l output -r -F -d 'write the lines to this file too'
complete -c asmm8 -n '__asmm8_in enum' -l progress -x -a 'auto json none' -d 'show progress on stderr'
complete -c asmm8 -n '__asmm8_in enum' -l summary -r -F -d 'write a last record of what was done and what it cost'
complete -c asmm8 -n '__asmm8_in enum' -l dry-run -d 'say what would be done, send nothing'
complete -c asmm8 -n '__asmm8_in enum' -s r -l resolver -r -F -d 'resolvers to ask'
complete -c asmm8 -n '__asmm8_in enum' -s t -l threads -x -d 'queries in flight at most'
complete -c asmm8 -n '__asmm8_in enum' -l retry -x -d 'attempts for each question, the first included'
complete -c asmm8 -n '__asmm8_in enum' -l timeout -x -d 'wait for each attempt'
complete -c asmm8 -n '__asmm8_in enum' -o rl -l rate-limit -l rate -x -d 'queries per second, retries included'
complete -c asmm8 -n '__asmm8_in enum' -l scope -r -F -d 'ask only for what this file allows'
complete -c asmm8 -n '__asmm8_in enum' -o eh -l exclude -x -d 'never ask for these domains'
complete -c asmm8 -n '__asmm8_in enum' -l store-url -l store -x -d 'where to keep what was found'
complete -c asmm8 -n '__asmm8_in enum' -l no-store -d 'keep nothing'
complete -c asmm8 -n '__asmm8_in enum' -l config -r -F -d 'read settings from this file'
complete -c asmm8 -n '__asmm8_in enum' -s v -l verbose -d 'say more on stderr'
complete -c asmm8 -n '__asmm8_in enum' -s q -l silent -l quiet -d 'say nothing on stderr but errors'
complete -c asmm8 -n '__asmm8_in enum' -o nc -l no-color -d 'no colours'
complete -c asmm8 -n '__asmm8_in enum' -s h -l help -d 'show the common flags and leave'
complete -c asmm8 -n '__asmm8_in enum' -l help-all -d 'show all flags and leave'
complete -c asmm8 -n '__asmm8_in enum' -l version -d 'show name, version and commit and leave'
complete -c asmm8 -n '__asmm8_in resolve' -s l -l list -r -F -d 'file of names, one a line'
complete -c asmm8 -n '__asmm8_in resolve' -s a -d 'ask for A records (the default)'
complete -c asmm8 -n '__asmm8_in resolve' -l aaaa -d 'ask for AAAA records'
complete -c asmm8 -n '__asmm8_in resolve' -l cname -d 'ask for CNAME records'
complete -c asmm8 -n '__asmm8_in resolve' -o re -l response -l resp -d 'show records beside the name'
complete -c asmm8 -n '__asmm8_in resolve' -o ro -l resp-only -d 'show the records alone'
complete -c asmm8 -n '__asmm8_in resolve' -s j -l json -l jsonl -d 'one JSON object per name'
complete -c asmm8 -n '__asmm8_in resolve' -s o -l output -r -F -d 'write the lines to this file too'
complete -c asmm8 -n '__asmm8_in resolve' -l progress -x -a 'auto json none' -d 'show progress on stderr'
complete -c asmm8 -n '__asmm8_in resolve' -l summary -r -F -d 'write a last record of what was done and what it cost'
complete -c asmm8 -n '__asmm8_in resolve' -s r -l resolver -r -F -d 'resolvers to ask'
complete -c asmm8 -n '__asmm8_in resolve' -s t -l threads -x -d 'queries in flight at most'
complete -c asmm8 -n '__asmm8_in resolve' -l retry -x -d 'attempts for each question, the first included'
complete -c asmm8 -n '__asmm8_in resolve' -l timeout -x -d 'wait for each attempt'
complete -c asmm8 -n '__asmm8_in resolve' -o rl -l rate-limit -l rate -x -d 'queries per second, retries included'
complete -c asmm8 -n '__asmm8_in resolve' -l scope -r -F -d 'ask only for what this file allows'
complete -c asmm8 -n '__asmm8_in resolve' -o eh -l exclude -x -d 'never ask for these domains'
complete -c asmm8 -n '__asmm8_in resolve' -l config -r -F -d 'read settings from this file'
complete -c asmm8 -n '__asmm8_in resolve' -s v -l verbose -d 'say more on stderr'
complete -c asmm8 -n '__asmm8_in resolve' -s q -l silent -l quiet -d 'say nothing on stderr but errors'
complete -c asmm8 -n '__asmm8_in resolve' -o nc -l no-color -d 'no colours'
complete -c asmm8 -n '__asmm8_in resolve' -s h -l help -d 'show the common flags and leave'
complete -c asmm8 -n '__asmm8_in resolve' -l help-all -d 'show all flags and leave'
complete -c asmm8 -n '__asmm8_in resolve' -l version -d 'show name, version and commit and leave'
