package XML::Parser::Style::Stream;

use strict;
use warnings;

our $VERSION = '2.46';

# Calls the package's sub of that name, if there is one, with $_ set; returns whether there was.
sub _call {
    my ( $expat, $name, @args ) = @_;
    my $sub = $expat->{Pkg}->can($name) or return 0;
    $sub->( $expat, @args );
    return 1;
}

sub _text {
    my ($expat) = @_;
    return if !length $expat->{Text};
    local $_ = $expat->{Text};
    $expat->{Text} = '';
    _call( $expat, 'Text' ) or print;
    return;
}

sub Init {
    my ($expat) = @_;
    $expat->{Text} = '';
    _call( $expat, 'StartDocument' );
    return;
}

sub Start {
    my ( $expat, $name, @attributes ) = @_;
    _text($expat);
    local $_ = "<$name";
    for ( my $at = 0 ; $at < @attributes ; $at += 2 ) {
        $_ .= qq( $attributes[$at]="$attributes[ $at + 1 ]");    # as it is, like text: that is what programs expect
    }
    $_ .= '>';
    local %_ = @attributes;
    _call( $expat, 'StartTag', $name ) or print;
    return;
}

sub End {
    my ( $expat, $name ) = @_;
    {
        local $expat->{Context} = [ @{ $expat->{Context} }, $name ];    # the text is that element's
        _text($expat);
    }
    local $_ = "</$name>";
    _call( $expat, 'EndTag', $name ) or print;
    return;
}

sub Char { my ( $expat, $text ) = @_; $expat->{Text} .= $text; return }

sub Proc {
    my ( $expat, $target, $data ) = @_;
    _text($expat);
    local $_ = length $data ? "<?$target $data?>" : "<?$target?>";
    _call( $expat, 'PI', $target, $data ) or print;
    return;
}

sub Final {
    my ($expat) = @_;
    _text($expat);
    my $sub = $expat->{Pkg}->can('EndDocument');
    return $sub ? $sub->($expat) : undef;
}

1;

__END__

=head1 NAME

XML::Parser::Style::Stream - calls subs of a package, or copies the document

=head1 DESCRIPTION

Part of L<XML::Parser>.

=cut
