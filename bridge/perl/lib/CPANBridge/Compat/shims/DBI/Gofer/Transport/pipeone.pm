package DBI::Gofer::Transport::pipeone;

use strict;
use warnings;

use Exporter ();

use DBI::Gofer::Execute ();
use DBI::Gofer::Transport::Base ();

our $VERSION = '0.012537';
our @ISA     = ( 'Exporter', 'DBI::Gofer::Transport::Base' );
our @EXPORT  = 'run_one_stdio';

# Reads one request from the standard input, and writes its answer.
sub run_one_stdio {
    my $transport = __PACKAGE__->new;
    my $executor  = DBI::Gofer::Execute->new;
    binmode $_ for \*STDIN, \*STDOUT;
    my $frozen = do { local $/; <STDIN> };
    my $response = eval { $executor->execute_request( $transport->thaw_request($frozen) ) } || $executor->new_response_with_err( undef, $@ );
    local ( $,, $\ );
    print STDOUT $transport->freeze_response($response);
    close STDOUT or die "Can't write an answer: $!\n";
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Transport::pipeone - a server of Gofer for one request, by CPANBridge

=head1 SYNOPSIS

    perl -MCPANBridge::Compat -MDBI::Gofer::Transport::pipeone -e run_one_stdio

=head1 DESCRIPTION

Part of L<DBD::Gofer>; what L<DBD::Gofer::Transport::pipeone> starts.

=head1 FUNCTIONS

=head2 run_one_stdio

=cut
