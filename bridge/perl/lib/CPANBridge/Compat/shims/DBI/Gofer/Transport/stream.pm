package DBI::Gofer::Transport::stream;

use strict;
use warnings;

use Exporter ();

use DBI::Gofer::Execute ();
use DBI::Gofer::Transport::Base ();

our $VERSION = '0.012537';
our @ISA     = ( 'Exporter', 'DBI::Gofer::Transport::Base' );
our @EXPORT  = 'run_stdio_hex';

# Reads requests from the standard input, each a line of hexadecimal digits, and writes their answers in the same way; but
# their lines end with CR and LF, for which the original looks.
sub run_stdio_hex {
    my $transport = __PACKAGE__->new;
    my $executor  = DBI::Gofer::Execute->new;
    local $| = 1;
    local ( $,, $\ );
    local $/ = "\n";
    while ( defined( my $line = <STDIN> ) ) {
        $line =~ s/\r?\n\z//;
        my $response = eval {
            die "a request has other characters than hexadecimal digits\n" if $line =~ /[^0-9A-Fa-f]/;
            $executor->execute_request( $transport->thaw_request( pack 'H*', $line ) );
        } || $executor->new_response_with_err( undef, $@ );
        print STDOUT unpack( 'H*', $transport->freeze_response($response) ), "\r\n" or die "Can't write an answer: $!\n";
    }
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::Gofer::Transport::stream - a server of Gofer at a pipe, by CPANBridge

=head1 SYNOPSIS

    perl -MCPANBridge::Compat -MDBI::Gofer::Transport::stream -e run_stdio_hex

=head1 DESCRIPTION

Part of L<DBD::Gofer>; what L<DBD::Gofer::Transport::stream> starts, here or over C<ssh>.

=head1 FUNCTIONS

=head2 run_stdio_hex

=cut
