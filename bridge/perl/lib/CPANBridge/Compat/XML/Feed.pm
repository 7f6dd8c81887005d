package CPANBridge::Compat::XML::Feed;

# The conversation with the daemon's module xml.
use 5.014;
use strict;
use warnings;

use CPANBridge::Bytes;

our $VERSION = '0.1.0';

my ( $client, @released );

sub _call {
    my ( $function, $params ) = @_;
    if ( !$client || $client->[1] != $$ ) {
        @released = ();
        if ( eval { local $SIG{__DIE__}; require CPANBridge::Compat::Link; 1 } ) {
            $client = [ CPANBridge::Compat::Link->get, $$ ];
        }
        else {
            require CPANBridge;
            $client = [ CPANBridge->new, $$ ];
        }
    }
    return $client->[0]->call( xml => $function => $params );
}

sub feed {
    my (%params) = @_;
    if ( @released >= 20 ) { _call( release => { parsers => [ splice @released ] } ) }
    $params{data} = CPANBridge::Bytes->new( $params{data} );
    return _call( feed => \%params );
}

sub supply {
    my (%params) = @_;
    $params{data} = CPANBridge::Bytes->new( $params{data} ) if defined $params{data};
    return _call( supply => \%params );
}

# A parser that did not come to its end; told to the daemon later.
sub release { my ( $number, $pid ) = @_; push @released, $number if $pid == $$; return }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::XML::Feed - has the daemon parse XML

=head1 DESCRIPTION

Used by our L<XML::Parser::Expat>; programs have no need of it. All functions die as L<CPANBridge/call> does.

=head1 FUNCTIONS

=head2 feed

    my $answer = feed( parser => $number, data => $bytes, final => \0 );

Has the next piece of a document parsed, and returns its events.

=head2 supply

    my $answer = supply( parser => $number, data => $bytes, final => \0, base => $base );

Gives the text of a parameter entity that the last answer asked for.

=head2 release

    release( $number, $pid );

Lets go of a parser that will not come to its end. Costs no call by itself.

=cut
