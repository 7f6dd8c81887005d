# Python inside of the Perl process (Debian's libinline-python-perl): no other process, and no protection from it.
use strict;
use warnings;

sub {
    my ($folder) = @_;
    require Inline::Python;
    Inline::Python::py_eval("import sys; sys.path.insert(0, '$folder')\nfrom turned import turn\n");
    return sub {
        my $answer = Inline::Python::py_call_function( '__main__', 'turn', $_[0] );
        return @$answer{ 'text', 'length' };
    };
};
